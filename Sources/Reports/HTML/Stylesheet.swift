// The page's one style sheet: light and dark by the reader's preference, charts coloured by class.
// Colours of the lines are Okabe & Ito's (2008), which readers with any colour vision can tell apart, lightened for dark.

let stylesheet: Markup = """
  :root{color-scheme:light dark;--bg:#ffffff;--fg:#16191d;--quiet:#59626d;--rule:#d9dee4;--soft:#f4f6f8;--accent:#d55e00;
  --grid:#e3e7ec;--c0:#0072b2;--c1:#d55e00;--c2:#00805c;--c3:#aa3f86;--c4:#a87400;--c5:#2a8fc9;--c6:#5c5c5c;--c7:#7a4fb5}
  @media (prefers-color-scheme:dark){:root{--bg:#11151a;--fg:#e8ebef;--quiet:#a0aab5;--rule:#333c47;--soft:#1a2027;--accent:#ff9a4d;
  --grid:#2a323c;--c0:#5ab4f0;--c1:#ff8a4a;--c2:#35c79b;--c3:#e58cc8;--c4:#e6b13c;--c5:#9cd6ff;--c6:#b9c0c8;--c7:#b99cf0}}
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
  th{font-weight:600;white-space:nowrap}
  tr.selected td,tr.best-row td{font-weight:650}
  .heat{border-collapse:separate;border-spacing:5px;font-size:.95rem;width:100%}
  .pairs table,.dense{font-size:.8rem}.pairs th,.pairs td,.dense th,.dense td{padding:4px 7px}
  .heat th,.heat td{border:0}
  .heat th[scope=col]{text-align:center;padding:2px 6px;font-weight:600}
  .heat th[scope=col]:first-child{text-align:left;color:var(--quiet);font-weight:400;font-size:.8rem;vertical-align:bottom}
  .heat th[scope=row]{vertical-align:middle;padding-right:14px;font-size:1.05rem}
  .cell{background-color:var(--l);color:var(--lt)}
  @media (prefers-color-scheme:dark){.cell{background-color:var(--d);color:var(--dt)}}
  .heat .cell,.heat .empty{width:calc(72% / var(--n));min-width:118px;height:84px;text-align:center;border-radius:6px;padding:9px 6px 6px;vertical-align:top}
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
  .figures+figure .chart{min-width:780px}
  .chart.key{display:inline-block;width:12px;min-width:0;height:12px;vertical-align:-1px}
  .keys{display:none;font-size:.875rem;margin:4px 0}
  @media (max-width:640px){.keys{display:flex;flex-wrap:wrap;gap:2px 14px}}
  .chart text{fill:var(--fg)}
  .chart .tick,.chart .axis-name,.chart .level-name{fill:var(--quiet);font-size:11.5px}
  .chart .axis{stroke:var(--quiet);stroke-width:1}
  .chart .grid{stroke:var(--grid);stroke-width:1}.chart .minor{opacity:.55}
  .chart .level{stroke:var(--fg);stroke-width:1.2;stroke-dasharray:6 4;opacity:.75}
  .chart .bayes{fill:none;stroke:var(--fg);stroke-width:1.3;stroke-dasharray:6 4;opacity:.75}
  .chart .c0{--c:var(--c0)}.chart .c1{--c:var(--c1)}.chart .c2{--c:var(--c2)}.chart .c3{--c:var(--c3)}
  .chart .c4{--c:var(--c4)}.chart .c5{--c:var(--c5)}.chart .c6{--c:var(--c6)}.chart .c7{--c:var(--c7)}
  .chart .curve{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}.chart .second{stroke-dasharray:7 3}
  .chart .band{fill:var(--c);opacity:.18}
  .chart .reference{stroke:var(--c);stroke-width:2;stroke-dasharray:4 3}
  .chart .mark{fill:var(--c);stroke:var(--bg);stroke-width:.8}
  .chart .seed{fill:var(--c);fill-opacity:.55;stroke:var(--c);stroke-width:.8}
  .chart .diverged{fill:none;stroke:var(--fg);stroke-width:1.6}
  .chart .interval{stroke:var(--c);stroke-width:2}
  pre{background:var(--soft);padding:12px;border-radius:6px;overflow-x:auto;font-size:.8rem;white-space:pre-wrap;overflow-wrap:anywhere}
  @media print{details.row{break-inside:avoid}}
  """
