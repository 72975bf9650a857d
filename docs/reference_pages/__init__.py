"""One module a page of docs/reference; each has `render() -> str`."""
