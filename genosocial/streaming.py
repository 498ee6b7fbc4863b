"""The streaming process: `python -m genosocial.streaming --host ADDRESS --port NUMBER`."""

import argparse
import os

import django
import uvicorn


def main() -> None:
    """Serve until somebody ends the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")
    django.setup()

    from django.conf import settings

    from timelines.streaming.app import SERVER_OPTIONS, StreamingApp

    app = StreamingApp(settings.REDIS_URL)
    uvicorn.run(app, host=options.host, port=options.port, access_log=False, **SERVER_OPTIONS)


if __name__ == "__main__":
    main()
