"""`openapi`: print the document that the server gives at /api/v1/openapi.json."""

import argparse
import json

from agentpost_server.app import openapi_document
from agentpost_server.cli.output import say


def run(options: argparse.Namespace) -> int:
    del options
    say(json.dumps(openapi_document(), indent=2, ensure_ascii=False))
    return 0
