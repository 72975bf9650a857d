"""Whatever a provider tells of a mail, what is put together of it is one mail with the header that was told."""

from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.inbound.rebuilt import File, rebuild
from agentpost_server.mail.parse import parse

_text = st.text(max_size=60)
_files = st.lists(
    st.builds(File, filename=_text, media_type=_text, content=st.binary(max_size=50), content_id=_text), max_size=3
)


@given(headers=st.lists(st.tuples(_text, _text), max_size=6), text=_text, html=_text, files=_files)
def test_no_field_breaks_out_of_its_place(
    headers: list[tuple[str, str]], text: str, html: str, files: list[File]
) -> None:
    raw = rebuild([*headers, ("Subject", "Marked")], text=text, html=html, files=files)
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\n" not in head.replace(b"\r\n", b"")
    read = parse(raw)
    assert len(read.attachments) == len(files)
    assert [one.content for one in read.attachments] == [one.content for one in files]


def test_the_header_comes_back_and_what_described_the_old_body_does_not() -> None:
    told = [("From", "a@b.example"), ("Content-Type", "text/evil"), ("MIME-Version", "9"), ("X-A", "ü\r\nBcc: x")]
    raw = rebuild(told, text="t", html="", files=[])
    assert raw.startswith("From: a@b.example\r\nX-A: ü Bcc: x\r\n".encode())
    assert b"text/evil" not in raw
    assert parse(raw).text_body == "t"
