"""Who may ask: the head of a request judged before its body is read, and its signature before it is understood.

In: requests, keys, the time. Out: bodies that are what their sender meant, or refusals in the words of each service.
Touches: the bodies of requests.
"""
