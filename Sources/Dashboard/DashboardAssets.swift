// The page's files. They are part of the program: nothing has to be found on a disk, built or fetched.
import Foundation

/// Nil where `path` is none of them.
func dashboardAsset(_ path: String) -> DashboardAnswer? {
  switch path {
  case "", "index.html": .html(dashboardPage)
  case "dashboard.css": DashboardAnswer(type: "text/css; charset=utf-8", Data(dashboardStyle.utf8))
  case "dashboard.js": DashboardAnswer(type: "text/javascript; charset=utf-8", Data(dashboardScript.utf8))
  case "favicon.ico": DashboardAnswer(type: "image/svg+xml", Data(favicon.utf8))
  default: nil
  }
}

private let favicon =
  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><rect width=\"7\" height=\"7\" fill=\"#08306b\"/>"
  + "<rect x=\"9\" width=\"7\" height=\"7\" fill=\"#6baed6\"/><rect y=\"9\" width=\"7\" height=\"7\" fill=\"#c6dbef\"/>"
  + "<rect x=\"9\" y=\"9\" width=\"7\" height=\"7\" fill=\"#2171b5\"/></svg>"

private let dashboardPage = #"""
  <!doctype html>
  <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
  <title>Attune</title><link rel="icon" href="favicon.ico"><link rel="stylesheet" href="matrix.css">
  <link rel="stylesheet" href="dashboard.css"></head>
  <body><main>
  <header>
    <h1 id="name">…</h1><p id="state" class="quiet" role="status">connecting</p>
    <div id="bar" class="bar" role="img" aria-label="progress"></div>
    <dl id="facts" class="facts-row"></dl>
    <div id="actions" class="actions"></div>
  </header>
  <div id="matrix"><p class="quiet">reading the sweep…</p></div>
  <section><h2>Workers <span id="worker-count" class="quiet"></span></h2>
    <form id="worker-filter" class="filter">
      <label>order <select name="sort"><option value="">as they came</option><option value="host">host</option>
        <option value="-silent">longest silent</option><option value="-trials">most trials</option></select></label>
      <span class="pager"><button type="button" id="workers-before" aria-label="workers before">‹</button>
        <span id="worker-range"></span><button type="button" id="workers-after" aria-label="workers after">›</button></span>
    </form>
    <div class="scroll"><table id="workers"></table></div></section>
  <section><h2>Trials <span id="trial-count" class="quiet"></span></h2>
    <form id="filter" class="filter">
      <label>state <select name="state"></select></label>
      <label>stage <select name="stage"><option value="">all</option><option>tuning</option><option>reporting</option>
        <option>reference</option></select></label>
      <label>order <select name="sort"><option value="trial">number</option><option value="-trial">newest first</option>
        <option value="loss">lowest loss</option><option value="-loss">highest loss</option>
        <option value="-seconds">longest</option></select></label>
      <span id="cell-filter"></span>
      <span class="pager"><button type="button" id="before" aria-label="trials before">‹</button>
        <span id="range"></span><button type="button" id="after" aria-label="trials after">›</button></span>
    </form>
    <div class="scroll"><table id="trials"></table></div></section>
  <section><h2>Events</h2><div class="scroll log"><table id="events"></table></div></section>
  <dialog id="detail"><form method="dialog"><button class="close" aria-label="close">×</button></form>
    <div id="detail-body"></div></dialog>
  </main><script src="dashboard.js"></script></body></html>
  """#

private let dashboardStyle = """
  main{max-width:1180px}
  header{position:sticky;top:0;background:var(--bg);z-index:2;padding:8px 0 6px;border-bottom:1px solid var(--rule)}
  header h1{font-size:1.4rem;margin:0}
  header p{margin:0}
  .bar{display:flex;height:12px;border-radius:6px;overflow:hidden;background:var(--soft);margin:8px 0}
  .bar span{display:block;height:100%}
  .s-succeeded{background:#2171b5}.s-pruned{background:#8c9bb0}.s-running{background:#e6a01a}.s-failed{background:#c4452d}
  .s-cancelled{background:#8d6b9e}
  .facts-row{display:flex;flex-wrap:wrap;gap:2px 22px;margin:4px 0;font-variant-numeric:tabular-nums}
  .facts-row div{display:flex;gap:6px}.facts-row dt{color:var(--quiet)}.facts-row dd{margin:0;font-weight:600}
  .actions,.filter{display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;font-size:.875rem;margin:6px 0}
  button,select,input{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--rule);border-radius:5px;padding:3px 10px}
  button{cursor:pointer}button:disabled{opacity:.45;cursor:default}
  .filter[hidden]{display:none}
  .pager{margin-left:auto;display:flex;gap:8px;align-items:center}
  td.cell,tr.link{cursor:pointer}
  tr.link:hover td,tr.link:focus td{background:var(--soft)}
  td.cell:focus-visible,tr.link:focus-visible{outline:3px solid var(--fg);outline-offset:1px}
  dialog{border:1px solid var(--rule);border-radius:10px;background:var(--bg);color:var(--fg);width:min(920px,94vw);max-height:88vh;padding:18px 22px}
  dialog::backdrop{background:rgba(0,0,0,.45)}
  #detail{padding-top:16px}
  dialog .close{float:right;font-size:1.1rem}
  dialog h2{margin:0 0 6px;padding:0;border:0}dialog h3{margin:16px 0 4px}
  #matrix>section>h2{margin-top:16px;border:0}#matrix a{text-decoration:none;pointer-events:none}
  #workers,#trials,#events{width:100%}
  dialog svg{width:100%;height:auto;font-size:12px}dialog svg text{fill:var(--quiet)}
  dialog .scroll{max-height:46vh;overflow:auto}
  .log{max-height:26rem;overflow:auto}
  .lost{color:var(--accent);font-weight:600}
  @media (max-width:640px){header{position:static}}
  """
