//! The frame of all HTML pages.

/// Whose page it is; decides name and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brand {
    Cognito,
    Entra,
}

/// A whole page around `body`, which is HTML already.
pub(crate) fn render(brand: Brand, title: &str, body: &str) -> String {
    let (class, owner) = match brand {
        Brand::Cognito => ("cognito", "User pool sign-in"),
        Brand::Entra => ("entra", "Entra ID tenant"),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body class=\"{class}\">\n<main>\n<p class=\"owner\">{owner}</p>\n<h1>{title}</h1>\n{body}\n</main>\n\
         <footer><strong>Emulator.</strong> This is dev-idp on this machine, for demos and tests. \
         Never type a real password here.</footer>\n</body>\n</html>\n",
        title = escape(title),
    )
}

/// Text made safe for HTML content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

/// Hidden inputs that carry query parameters through a form.
pub(crate) fn hidden<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    pairs
        .into_iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
                escape(name),
                escape(value)
            )
        })
        .collect()
}

const STYLE: &str = "
:root{color-scheme:light dark;--paper:#f2f4f8;--card:#fff;--ink:#16202e;--soft:#55637a;--line:#c9d1de;--field:#fff;--accent:#2a4fb8;--on-accent:#fff;--alarm:#a3121f;--alarm-paper:#fdeced}
.entra{--accent:#0b6a73}
@media (prefers-color-scheme:dark){:root{--paper:#10151d;--card:#1a212d;--ink:#e8edf5;--soft:#a5b1c4;--line:#3a4658;--field:#121822;--accent:#8fb0ff;--on-accent:#0c1424;--alarm:#ffb3b8;--alarm-paper:#3a1c20}.entra{--accent:#6fd0d8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:1rem;padding:1.5rem 1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-top:4px solid var(--accent);border-radius:.5rem;padding:1.75rem}
.owner{margin:0;color:var(--soft);font-size:.875rem}
h1{margin:.1rem 0 1.25rem;font-size:1.5rem;line-height:1.25}
h2{margin:0 0 .5rem;font-size:1rem}
p{margin:0 0 1rem;text-wrap:pretty}
main>:last-child{margin-bottom:0}
form{margin:0}
label{display:block;margin-bottom:.25rem;font-weight:600}
input:not([type=hidden]){width:100%;margin-bottom:1rem;padding:.6rem .7rem;border:1px solid var(--line);border-radius:.375rem;background:var(--field);color:inherit;font:inherit}
button{width:100%;padding:.65rem .9rem;border:1px solid var(--accent);border-radius:.375rem;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;cursor:pointer}
button.quiet{background:transparent;color:var(--accent)}
button:hover{filter:brightness(1.08)}
:is(button,input,a,summary):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.people{display:grid;gap:.5rem;margin-bottom:1rem}
.people button{display:block;text-align:left;background:transparent;border-color:var(--line);color:inherit;font-weight:400}
.people button:hover{border-color:var(--accent)}
.people b,.people small{display:block;overflow-wrap:anywhere}
.people small{color:var(--soft)}
.choices{display:grid;gap:.5rem}
.or{display:flex;align-items:center;gap:.75rem;margin:1.1rem 0;color:var(--soft);font-size:.875rem}
.or::before,.or::after{content:'';flex:1;border-top:1px solid var(--line)}
.alarm{padding:.6rem .8rem;border:1px solid currentColor;border-radius:.375rem;background:var(--alarm-paper);color:var(--alarm)}
.links{display:flex;justify-content:space-between;gap:1rem;margin:1rem 0 0;font-size:.875rem}
a{color:var(--accent)}
details{margin-top:1.25rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.875rem}
summary{cursor:pointer;color:var(--soft)}
dl{display:grid;grid-template-columns:1fr auto;gap:.35rem .75rem;margin:.75rem 0 0}
dt,dd{margin:0;overflow-wrap:anywhere}
code{font-family:ui-monospace,'Cascadia Mono',Menlo,Consolas,monospace;font-size:.9em;overflow-wrap:anywhere}
footer{max-width:26rem;color:var(--soft);font-size:.8125rem;text-align:center}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_cannot_leave_content_or_attribute() {
        assert_eq!(
            escape("<a href=\"x\" id='y'>&"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;"
        );
    }
}
