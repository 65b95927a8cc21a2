// The page's one style sheet: light and dark by the reader's preference, light on paper; charts are coloured by class
// (ChartStyle).

let stylesheet: Markup = """
  :root{color-scheme:light dark;\(ChartStyle.variables(dark: false))}
  @media screen and (prefers-color-scheme:dark){:root{\(ChartStyle.variables(dark: true))}}
  *{box-sizing:border-box}
  body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
  main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
  h1{font-size:1.8rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
  h2{font-size:1.25rem;margin:44px 0 8px;padding-top:14px;border-top:1px solid var(--rule)}
  p{margin:8px 0;overflow-wrap:anywhere}
  a{color:inherit;text-decoration-color:var(--quiet);text-underline-offset:3px}
  .quiet,figcaption{color:var(--quiet);font-size:.875rem}
  .answer{font-size:1.02rem}
  .claim{font-size:1.15rem;border-left:4px solid var(--accent);padding:4px 0 4px 14px;margin:18px 0}
  .warning{border:1px solid var(--accent);border-radius:6px;padding:8px 12px}
  .sentences{padding-left:20px}.sentences li{margin:8px 0}
  .scroll{overflow-x:auto;max-width:100%}
  table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
  th,td{padding:5px 10px;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
  td{white-space:nowrap}
  .facts td{white-space:normal;overflow-wrap:anywhere}
  th{font-weight:600;max-width:24ch;overflow-wrap:break-word}
  tr.selected td,tr.best-row td{font-weight:650}
  .heat{border-collapse:separate;border-spacing:5px;font-size:.95rem;width:100%}
  .pairs table,.dense{font-size:.77rem}.pairs th,.pairs td,.dense th,.dense td{padding:4px 5px}.pairs .quiet{font-size:inherit}
  .heat th,.heat td{border:0}
  .heat th[scope=col]{text-align:center;padding:2px 6px;font-weight:600}
  .heat th[scope=col]:first-child{text-align:left;color:var(--quiet);font-weight:400;font-size:.8rem;vertical-align:bottom}
  .heat th[scope=row]{vertical-align:middle;padding-right:14px;font-size:1.05rem;text-wrap:balance}
  .heat tr>:first-child{position:sticky;left:0;z-index:1;background:var(--bg)}
  .cell{background-color:var(--l);color:var(--lt)}
  @media screen and (prefers-color-scheme:dark){.cell{background-color:var(--d);color:var(--dt)}}
  .heat .cell,.heat .empty{width:calc(72% / var(--n));min-width:118px;height:84px;text-align:center;border-radius:6px;padding:0;vertical-align:top}
  .heat button{display:flex;flex-direction:column;align-items:center;width:100%;min-height:84px;height:100%;padding:9px 6px 6px;border:0;border-radius:6px;background:none;color:inherit;font:inherit;cursor:pointer}
  .heat button:hover{background:rgba(127,127,127,.16)}
  button:focus-visible,#detail-title:focus-visible{outline:3px solid var(--fg);outline-offset:2px}
  .compact{border-spacing:3px}.compact .cell,.compact .empty{min-width:62px;height:40px}
  .compact button{min-height:40px;padding:3px 2px}.compact .value{font-size:.82rem}.compact .marks{font-size:.72rem;font-weight:600}
  .compact th[scope=row]{font-size:.9rem!important}.compact th[scope=col]{font-size:.8rem!important;text-wrap:balance}
  .compact .best{outline-width:3px!important}
  .heat .empty{border:1px dashed var(--rule);color:var(--quiet);vertical-align:middle}
  .heat .best{outline:4px solid var(--accent);outline-offset:-1px}
  .limited{background-image:repeating-linear-gradient(135deg,transparent 0 7px,rgba(127,127,127,.30) 7px 10px)}
  .value{display:block;font-size:1.3rem;font-weight:650;line-height:1.15}
  .loss{display:block;font-size:.78rem}
  .badges{font-size:.75rem;font-weight:600;white-space:normal;line-height:1.35;margin-top:2px}
  .badges{display:flex;flex-wrap:wrap;justify-content:center;gap:0 9px}.badges span{white-space:nowrap}
  .side{text-align:right!important;vertical-align:middle!important;color:var(--quiet)}
  .legend{font-size:.8rem;color:var(--quiet);margin-top:6px;display:flex;flex-wrap:wrap;align-items:center}
  .swatch{display:inline-block;min-width:42px;padding:2px 4px;text-align:center;font-size:.75rem}
  .legend>span:first-child{margin-right:8px}.legend>span:last-child{margin-left:8px}
  .outline-sample{outline:2px solid var(--accent);border-radius:3px;padding:0 4px}
  .limited-sample{display:inline-block;width:22px;height:13px;border:1px solid var(--rule);vertical-align:-2px}
  details.row{border:1px solid var(--rule);border-radius:8px;padding:6px 16px 12px;margin:14px 0;scroll-margin-top:12px}
  summary{cursor:pointer;font-weight:650;font-size:1.05rem;padding:4px 0;overflow-wrap:anywhere}
  figure{margin:14px 0}
  .figures{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:22px;align-items:start}
  @media (max-width:860px){.figures{grid-template-columns:minmax(0,1fr);gap:0}main{padding:18px 14px 40px}}
  .panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:8px 22px}.panels h3{margin:0 0 2px;font-size:.95rem}
  .panels .chart{min-width:0}
  .chart{display:block;width:100%;min-width:500px;height:auto;font-size:12px}
  .chart.key{display:inline-block;width:12px;min-width:0;height:12px;vertical-align:-1px}
  .keys{display:none;font-size:.875rem;margin:4px 0}
  @media (max-width:640px){.keys{display:flex;flex-wrap:wrap;gap:2px 14px}}
  \(ChartStyle.page)
  pre{background:var(--soft);padding:12px;border-radius:6px;overflow-x:auto;font-size:.8rem;white-space:pre-wrap;overflow-wrap:anywhere}
  .take{margin:2px 0;display:none;gap:6px}.scripted .take{display:flex}
  .take button,.copy,.detail-head button{border:1px solid var(--rule);border-radius:5px;background:var(--soft);color:var(--quiet);font:inherit;font-size:.75rem;padding:1px 8px;cursor:pointer}
  .take button:hover,.copy:hover,.detail-head button:hover{color:var(--fg);border-color:var(--quiet)}
  #detail{position:fixed;inset:0 0 0 auto;width:min(640px,100vw);height:100vh;max-height:none;max-width:none;margin:0;border:0;border-left:1px solid var(--rule);padding:0 22px 30px;background:var(--bg);color:var(--fg);overflow-y:auto}
  #detail::backdrop{background:rgba(0,0,0,.35)}
  .detail-head{position:sticky;top:0;display:flex;align-items:center;gap:6px;background:var(--bg);padding:16px 0 8px;z-index:1}
  .detail-head h2{flex:1;margin:0;padding:0;border:0;overflow-wrap:anywhere}.detail-head button{font-size:1.1rem;min-width:34px;min-height:34px}
  #detail h3{margin:20px 0 4px;font-size:1rem}#detail .chart{min-width:0}
  .badges-line{display:flex;flex-wrap:wrap;gap:4px 12px;font-weight:650}
  .wide .chart{min-width:780px}
  code{font-size:.85em}
  @media print{body{font-size:11pt}main{max-width:none;padding:0}.take,.legend+.take,#detail{display:none!important}
  .cell,.swatch,.limited{print-color-adjust:exact;-webkit-print-color-adjust:exact}
  details.row{border:0;padding:0}figure,tr,.claim{break-inside:avoid}h2,h3,summary{break-after:avoid}.scroll{overflow:visible}
  .figures{grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:14px}.panels{grid-template-columns:1fr 1fr}
  table{font-size:8pt}.dense,.pairs table{font-size:6.8pt}.dense th,.dense td,.pairs th,.pairs td{padding:2px 4px}
  .chart,.wide .chart{min-width:0}.heat .cell,.heat .empty{min-width:0}}
  """
