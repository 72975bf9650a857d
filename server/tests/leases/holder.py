"""A worker in a process of its own, for the test that kills it: claims two messages, says so, and goes on for ever."""

import json
import sys
import time
import urllib.request

url, key, inbox = sys.argv[1:]
body = json.dumps({"limit": 2, "lease_seconds": 5}).encode()
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
request = urllib.request.Request(f"{url}/inboxes/{inbox}/messages/claim", body, headers)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(request, timeout=30) as answer:
    print(json.dumps(json.load(answer)["data"]), flush=True)
time.sleep(3600)
