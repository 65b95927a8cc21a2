// The page's program: its head, its lists and what it listens to. Whatever comes from a sweep enters the page as text; only
// the matrix is markup, made and escaped by the report.

/// Of dashboard.js.
let dashboardScript = listScript + detailScript

private let listScript = #"""
  'use strict';
  const $ = id => document.getElementById(id);
  const page = 20;
  const view = {trials: {offset: 0}, workers: {offset: 0}, cell: null, version: 0, overview: null};
  let token = sessionStorage.getItem('attune-token') || '';

  function make(tag, text, attributes) {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    return element;
  }
  function fill(element, ...children) { element.replaceChildren(...children); return element; }
  const count = n => (n ?? 0).toLocaleString('en-US');
  function seconds(s) {
    if (s === null || s === undefined) return '–';
    if (s < 60) return s.toFixed(s < 10 ? 1 : 0) + ' s';
    const m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    return d ? `${d} d ${h % 24} h` : h ? `${h} h ${m % 60} min` : `${m} min ${Math.floor(s % 60)} s`;
  }
  const number = x => x === null || x === undefined ? '–' : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5
    ? x.toPrecision(4) : x.toExponential(2);

  async function ask(path) {
    const answer = await fetch(path, {headers: token ? {Authorization: 'Bearer ' + token} : {}});
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer;
  }
  async function act(path) {
    if (!token) {
      token = prompt('Acting needs the dashboard\'s token (DIR/dashboard.token):') || '';
      if (!token) return;
    }
    const answer = await fetch(path, {method: 'POST', headers: {Authorization: 'Bearer ' + token, 'X-Attune': '1'}});
    const text = (await answer.text()).trim();
    if (answer.status === 401) token = '';
    if (answer.ok) sessionStorage.setItem('attune-token', token);
    $('state').textContent = text;
    refresh();
  }
  function button(text, path, question) {
    const b = make('button', text, {type: 'button'});
    b.onclick = event => { event.stopPropagation(); if (!question || confirm(question)) act(path); };
    return b;
  }

  function showOverview(o) {
    view.overview = o;
    document.title = `${Math.floor(100 * o.ended / Math.max(1, o.planned))} % ${o.name}`;
    $('name').textContent = o.name;
    const s = $('state');
    s.className = o.running_process ? 'quiet' : o.ended < o.planned ? 'lost' : 'quiet';
    s.textContent = o.state;
    const parts = ['succeeded', 'pruned', 'failed', 'cancelled', 'running'];
    fill($('bar'), ...parts.filter(p => o.counts[p]).map(p => {
      const bar = make('span', null, {class: 's-' + p, title: `${p} ${count(o.counts[p])}`});
      bar.style.width = 100 * o.counts[p] / Math.max(1, o.planned) + '%';
      return bar;
    }));
    $('bar').setAttribute('aria-label', `${count(o.ended)} of ${count(o.planned)} trials have ended`);
    const facts = [['trials', `${count(o.ended)} of ${count(o.planned)}`],
      ...[...parts, 'pending'].filter(p => o.counts[p]).map(p => [p === 'pruned' ? 'stopped early' : p, count(o.counts[p])]),
      ['rate', o.steps_per_second ? count(Math.round(o.steps_per_second)) + ' steps/s' : null],
      ['time left', o.remaining_seconds !== undefined ? seconds(o.remaining_seconds) : null],
      ['trained', seconds(o.trial_seconds)], ['digest', o.digest.slice(0, 12)]];
    fill($('facts'), ...facts.filter(f => f[1]).map(([name, value]) => {
      const div = make('div'); div.append(make('dt', name), make('dd', value)); return div;
    }));
    fill($('actions'), ...(o.can_act
      ? [o.paused ? button('go on', 'api/v1/resume') : button('pause', 'api/v1/pause')] : []));
  }

  // The buttons and the range of a list that is shown a page at a time.
  function pager(list, before, after, range, shown, total) {
    $(range).textContent = total ? `${count(list.offset + 1)}–${count(list.offset + shown)} of ${count(total)}` : '';
    $(before).disabled = list.offset === 0;
    $(after).disabled = list.offset + shown >= total;
  }
  function turn(list, before, after, show) {
    $(before).onclick = () => { list.offset = Math.max(0, list.offset - page); show(); };
    $(after).onclick = () => { list.offset += page; show(); };
  }

  async function showWorkers() {
    const sort = new FormData($('worker-filter')).get('sort') || '';
    const read = () => ask('api/v1/workers?' + new URLSearchParams({sort, offset: view.workers.offset, limit: page}));
    let w = await (await read()).json();
    // Those of the page have left.
    if (!w.workers.length && w.offset > 0) { view.workers.offset = 0; w = await (await read()).json(); }
    const isRunning = view.overview?.running_process;
    $('worker-count').textContent = isRunning ? count(w.total) : '';
    $('worker-filter').hidden = w.listed <= page;
    pager(w, 'workers-before', 'workers-after', 'worker-range', w.workers.length, w.listed);
    const rows = w.workers.map(worker => {
      const tr = make('tr');
      for (const text of [worker.host, worker.process, worker.slots, worker.threads, seconds(worker.silent_seconds) + ' ago',
        worker.trials.length ? worker.trials.slice(0, 8).join(', ')
          + (worker.trials.length > 8 ? ` and ${worker.trials.length - 8} more` : '') : 'idle'])
        tr.append(make('td', text));
      const cell = make('td');
      if (view.overview?.can_act) cell.append(button('drain', `api/v1/workers/${worker.session}/drain`,
        `Have the worker on ${worker.host} give back what it holds and leave?`));
      tr.append(cell);
      return tr;
    });
    if (w.total > w.listed && w.offset + w.workers.length >= w.listed) {
      const tr = make('tr'); tr.append(make('td', `and ${count(w.total - w.listed)} more`, {colspan: 7})); rows.push(tr);
    }
    fill($('workers'), header(['host', 'process', 'slots', 'threads', 'last heard', 'trials', '']),
      body(rows, isRunning ? 'none yet' : 'nobody runs this sweep', 7));
  }
  $('worker-filter').addEventListener('change', () => { view.workers.offset = 0; showWorkers(); });
  $('worker-filter').addEventListener('submit', event => event.preventDefault());
  turn(view.workers, 'workers-before', 'workers-after', showWorkers);

  function header(names) {
    const tr = make('tr');
    for (const name of names) tr.append(make('th', name, {scope: 'col'}));
    const thead = make('thead'); thead.append(tr); return thead;
  }
  function body(rows, empty, columns) {
    const tbody = make('tbody');
    if (rows.length) tbody.append(...rows);
    else { const tr = make('tr'); tr.append(make('td', empty, {colspan: columns, class: 'quiet'})); tbody.append(tr); }
    return tbody;
  }

  async function showMatrix() {
    // Made by the report, which escapes every name.
    $('matrix').innerHTML = await (await ask('matrix')).text();
    for (const cell of $('matrix').querySelectorAll('[data-cell]')) {
      cell.tabIndex = 0;
      cell.setAttribute('role', 'button');
    }
  }
  function cellOf(event) { return event.target.closest('[data-cell]')?.dataset.cell; }
  $('matrix').addEventListener('click', event => { const cell = cellOf(event); if (cell) showCell(cell); });
  $('matrix').addEventListener('keydown', event => {
    const cell = cellOf(event);
    if (cell && (event.key === 'Enter' || event.key === ' ')) { event.preventDefault(); showCell(cell); }
  });

  async function showTrials() {
    const form = new FormData($('filter'));
    const query = new URLSearchParams({state: form.get('state') || '', stage: form.get('stage') || '',
      sort: form.get('sort') || 'trial', offset: view.trials.offset, limit: page});
    if (view.cell !== null) query.set('cell', view.cell);
    const t = await (await ask('api/v1/trials?' + query)).json();
    $('trial-count').textContent = count(t.total);
    pager(t, 'before', 'after', 'range', t.trials.length, t.total);
    const rows = t.trials.map(trial => {
      const tr = make('tr', null, {class: 'link', tabindex: 0});
      for (const text of [trial.trial, trial.row, trial.column, trial.stage, trial.seed, trial.state,
        number(trial.loss), trial.seconds === undefined ? '–' : seconds(trial.seconds), trial.attempts, trial.reason || ''])
        tr.append(make('td', text));
      tr.onclick = () => showTrial(trial.trial);
      tr.onkeydown = event => { if (event.key === 'Enter') showTrial(trial.trial); };
      return tr;
    });
    fill($('trials'), header(['trial', 'task', 'activation', 'stage', 'seed', 'state', 'loss', 'time', 'tries', 'reason']),
      body(rows, 'none', 10));
    const clear = [];
    if (view.cell !== null) {
      const b = make('button', `of cell ${view.cell} ×`, {type: 'button', title: 'show trials of all cells'});
      b.onclick = () => { view.cell = null; view.trials.offset = 0; showTrials(); };
      clear.push(b);
    }
    fill($('cell-filter'), ...clear);
  }
  $('filter').addEventListener('change', () => { view.trials.offset = 0; showTrials(); });
  $('filter').addEventListener('submit', event => event.preventDefault());
  turn(view.trials, 'before', 'after', showTrials);

  async function showEvents() {
    const lines = (await (await ask('api/v1/events?limit=60')).json()).events;
    fill($('events'), header(['time', 'event', 'about']), body(lines.map(line => {
      const {time, event, ...rest} = line;
      const tr = make('tr');
      tr.append(make('td', (time || '').replace('T', ' ').slice(0, 19)), make('td', event),
        make('td', Object.entries(rest).map(([k, v]) => `${k} ${typeof v === 'object' ? JSON.stringify(v) : v}`).join(', ')));
      return tr;
    }), 'none', 3));
  }

  // One after the other: what is shown last was asked last.
  let isBusy = false, next = new Set();
  async function look(parts) {
    for (const part of parts) next.add(part);
    if (isBusy) return;
    isBusy = true;
    while (next.size) {
      const now = [...next];
      next = new Set();
      try { await Promise.all(now.map(part => part())); }
      catch (error) { $('state').textContent = error.message; $('state').className = 'lost'; }
    }
    isBusy = false;
  }
  const refresh = () => look([showMatrix, showTrials, showEvents, showWorkers]);
  function listen() {
    const source = new EventSource('events');
    source.onmessage = event => {
      const news = JSON.parse(event.data);
      showOverview(news.overview);
      if (document.hidden) return;
      if (news.version !== view.version) { view.version = news.version; refresh(); }
      else look([showWorkers]);
    };
    source.onerror = () => { $('state').textContent = 'the dashboard does not answer; trying again'; $('state').className = 'lost'; };
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  for (const s of ['', 'pending', 'running', 'succeeded', 'failed', 'quarantined', 'cancelled', 'pruned', 'paused'])
    $('filter').elements.state.append(make('option', s || 'all', {value: s}));
  // The head at once: the first event may be a second away.
  ask('api/v1/overview').then(answer => answer.json()).then(showOverview).catch(() => {}).finally(() => { listen(); refresh(); });
  """#
