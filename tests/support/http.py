"""httpx for sites without TLS: nothing here reads the list of certificate authorities.

httpx reads it for every client and every ``httpx.get``, which takes 30 to 50 ms of processor time. A test that waits
for a server to start asks dozens of times.
"""

from functools import partial

import httpx

get = partial(httpx.get, verify=False)
post = partial(httpx.post, verify=False)
request = partial(httpx.request, verify=False)
Client = partial(httpx.Client, verify=False)
HTTPTransport = partial(httpx.HTTPTransport, verify=False)
