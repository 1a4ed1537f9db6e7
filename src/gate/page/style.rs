//! The one style sheet of our pages: light and dark, wide and narrow.

pub(super) const STYLE: &str = "\
:root{--ink:#1a212b;--soft:#545e6b;--paper:#f3f4f7;--card:#fff;--line:#dfe3e8;--edge:#75808d;--bad:#b3261e;--act:#1f5fbf;--on-act:#fff;--shade:0 1px 2px #1018240d,0 8px 24px #10182414}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a7b1bd;--paper:#12161b;--card:#1d232b;--line:#343c47;--edge:#828d9a;--bad:#ff9c94;--act:#8ab8ff;--on-act:#10151c;--shade:none}}\
*{box-sizing:border-box}\
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:1.5rem;padding:2.5rem 1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
.brand{display:flex;flex-wrap:wrap;align-items:center;justify-content:center;gap:.6rem;max-width:36rem;color:var(--soft);font-weight:600;letter-spacing:.01em;text-align:center;overflow-wrap:anywhere}\
.brand img{display:block;max-width:min(14rem,70vw);max-height:3.5rem}\
.mark{width:.95rem;height:1.15rem;border:.2rem solid var(--act);border-bottom:0;border-radius:.5rem .5rem 0 0}\
main{width:100%;max-width:36rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:2.25rem;box-shadow:var(--shade)}\
footer{max-width:36rem;color:var(--soft);font-size:.9rem;text-align:center;overflow-wrap:anywhere}\
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25;letter-spacing:-.01em;text-wrap:balance}\
h2{margin:2rem 0 .75rem;padding-top:1.5rem;border-top:1px solid var(--line);font-size:1.05rem;line-height:1.35}\
table+h2{border-top:0;padding-top:0}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
main>:last-child,main>:last-child>[data-when]>:last-child{margin-bottom:0}\
form{margin:0 0 1rem;display:flex;flex-wrap:wrap;gap:.75rem}\
[hidden]{display:none}\
.action{display:inline-block;padding:.65rem 1.25rem;border:0;border-radius:.6rem;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;line-height:1.4;text-align:center;text-decoration:none;cursor:pointer}\
.action:hover{filter:brightness(1.08)}\
@media(prefers-reduced-motion:no-preference){.action{transition:filter .15s}}\
p .quiet,button.quiet{background:none;color:var(--ink);border:1px solid var(--edge);padding:calc(.65rem - 1px) calc(1.25rem - 1px)}\
p:has(>.action)+p:has(>.action){margin-top:-.25rem}\
.choice{margin:0 0 .75rem}\
.choice .action{display:block}\
.ask{margin:1.75rem 0 0;padding-top:1.5rem;border-top:1px solid var(--line)}\
.ask label,.ask p{flex:1 0 100%;margin:0}\
.ask input{flex:1 1 12rem;min-width:0;padding:.6rem .8rem;border:1px solid var(--edge);border-radius:.6rem;background:var(--card);color:var(--ink);font:inherit}\
.ask p{color:var(--bad)}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
.action:focus-visible{outline-color:var(--ink)}\
table{width:100%;border-collapse:collapse;margin:0 0 1.25rem;font-size:.95rem}\
th,td{padding:.55rem 1rem .55rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}\
tr:last-child>*{border-bottom:1px solid var(--line)}\
th{width:41%;color:var(--soft);font-weight:600}\
td:last-child{padding-right:0}\
th:empty+td{border-top:0;padding-top:0;color:var(--soft)}\
th:empty{border-top:0}\
.detail{margin:1.25rem 0 0;color:var(--soft);font-size:.85rem}\
.detail+.detail{margin-top:.15rem}\
code{font:.95em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\
@media(forced-colors:active){.action{border:1px solid ButtonText}}\
@media(max-width:30rem){body{justify-content:flex-start;gap:1rem;padding:1.25rem 1rem}main{padding:1.5rem 1.25rem}.action{display:block;width:100%}th,td{display:block;width:auto;padding-right:0}th{padding-bottom:0}th:empty{display:none}td{padding-top:0;border-top:0}tr:last-child>th{border-bottom:0}}";
