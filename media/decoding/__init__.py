"""What opens files of strangers, in a process of its own that media/sandbox.py starts for each file.

It imports nothing of Django and knows neither settings nor secrets: a file that takes it over gets nothing.
"""
