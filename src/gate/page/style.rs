//! The one style sheet of our pages: light and dark, wide and narrow.

pub(super) const STYLE: &str = "\
:root{--ink:#1d2530;--soft:#56606e;--paper:#f4f5f7;--card:#fff;--line:#d9dde3;--edge:#7d8794;--bad:#b3261e;--act:#1f5fbf;--on-act:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3adba;--paper:#14181e;--card:#1d232b;--line:#343c47;--edge:#77828f;--bad:#ff9c94;--act:#8ab8ff;--on-act:#10151c}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,'Segoe UI',sans-serif}\
main{width:100%;max-width:36rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:2rem}\
h1{margin:0 0 1rem;font-size:1.4rem;line-height:1.25}\
h2{margin:1.5rem 0 .5rem;font-size:1.05rem}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
form{margin:0 0 1rem;display:flex;flex-wrap:wrap;gap:.75rem}\
[hidden]{display:none}\
.action{display:inline-block;padding:.6rem 1.2rem;border:0;border-radius:.5rem;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}\
p .quiet,button.quiet{background:none;color:var(--ink);border:1px solid var(--edge);padding:calc(.6rem - 1px) calc(1.2rem - 1px)}\
.choice{margin:0 0 .75rem}\
.choice .action{display:block;text-align:center}\
.ask{margin:1.5rem 0 0;padding-top:1.5rem;border-top:1px solid var(--line)}\
.ask label,.ask p{flex:1 0 100%;margin:0}\
.ask input{flex:1 1 12rem;min-width:0;padding:.55rem .75rem;border:1px solid var(--edge);border-radius:.5rem;background:var(--paper);color:var(--ink);font:inherit}\
.ask input:focus-visible{outline:3px solid var(--act);outline-offset:1px}\
.ask p{color:var(--bad)}\
.action:focus-visible{outline:3px solid var(--ink);outline-offset:2px}\
table{width:100%;border-collapse:collapse;margin:0 0 1rem}\
th,td{padding:.45rem .75rem .45rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{font-weight:600;white-space:nowrap}\
.detail{margin:0;color:var(--soft);font-size:.85rem}\
@media(max-width:30rem){body{padding:1rem}main{padding:1.25rem}th,td{display:block;padding-right:0}th{padding-bottom:0;white-space:normal}th:empty{display:none}td{padding-top:0;border-top:0}}";
