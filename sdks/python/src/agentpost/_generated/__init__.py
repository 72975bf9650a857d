# Written by sdks/generate from openapi.json. Do not edit.
