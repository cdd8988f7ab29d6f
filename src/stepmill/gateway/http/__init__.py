"""An HTTP/1.1 server with a limit to everything a client may hold.

In: connections. Out: requests to a function, and its responses. Touches: sockets and threads.
It knows nothing of AWS.
"""
