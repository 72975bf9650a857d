"""Newsletters as builders write them: no font size at the top, a hidden line for previews, buttons for Outlook."""

from agentpost_server.mail.html import html_to_text

_LETTER = """
<style>.hide{display:none} .small{font-size:11px}</style>
<div style="display:none;max-height:0;overflow:hidden">Our spring news&zwnj;&nbsp;&zwnj;</div>
<table><tr><td style="font-size:0px;padding:20px 0"><div style="font-size:13px;line-height:1">Hello Ann</div></td></tr>
<tr><td><!--[if !mso]><!--><a href="https://x.example/go" style="mso-hide:all">Read on</a><!--<![endif]--></td></tr>
<tr><td class="hide">for programs only</td></tr><tr><td class="small">Unsubscribe</td></tr></table>
"""


def test_what_a_reader_sees_is_kept_and_nothing_else() -> None:
    assert html_to_text(_LETTER).split() == "Hello Ann Read on <https://x.example/go> Unsubscribe".split()
