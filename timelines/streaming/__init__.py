"""The streaming process: passes on to apps what jobs publish in Redis, by WebSocket and server-sent events.

Apart from one query for each new connection (whose token is it?) it does not touch the database: payloads
come rendered. `genosocial/streaming.py` builds the ASGI application from it.

    hub.py        one Redis subscription of the process, fanned out in memory
    readers.py    who follows the streams that many share, told to the jobs
    streams.py    which names and tokens lead to which channels (pure)
    session.py    one app's connection: its streams, a bounded buffer, its end
    tokens.py     where a token may stand, and whose it is
    websocket.py  the socket that carries many streams
    sse.py        server-sent events, one stream each
    app.py        address → one of these
"""
