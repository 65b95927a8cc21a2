// The page's program. Whatever comes from a sweep enters the page as text; only the matrix is markup, made and escaped by
// the report.

let dashboardScript = #"""
  'use strict';
  const $ = id => document.getElementById(id);
  const page = 20;
  const view = {offset: 0, cell: null, version: 0, overview: null};
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
    showWorkers(o);
  }

  function showWorkers(o) {
    $('worker-count').textContent = o.running_process ? count(o.worker_count) : '';
    const head = ['host', 'process', 'slots', 'threads', 'last heard', 'trials', ''];
    const rows = o.workers.map(w => {
      const tr = make('tr');
      for (const text of [w.host, w.process, w.slots, w.threads, seconds(w.silent_seconds) + ' ago',
        w.trials.length ? w.trials.slice(0, 8).join(', ') + (w.trials.length > 8 ? ` and ${w.trials.length - 8} more` : '') : 'idle'])
        tr.append(make('td', text));
      const last = make('td');
      if (o.can_act) last.append(button('drain', `api/v1/workers/${w.session}/drain`,
        `Have the worker on ${w.host} give back what it holds and leave?`));
      tr.append(last);
      return tr;
    });
    const note = o.worker_count > o.workers.length
      ? [make('tr')] : [];
    if (note.length) note[0].append(make('td', `and ${count(o.worker_count - o.workers.length)} more`, {colspan: 7}));
    fill($('workers'), header(head), body([...rows, ...note], o.running_process ? 'none yet' : 'nobody runs this sweep', 7));
  }
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
      sort: form.get('sort') || 'trial', offset: view.offset, limit: page});
    if (view.cell !== null) query.set('cell', view.cell);
    const t = await (await ask('api/v1/trials?' + query)).json();
    $('trial-count').textContent = count(t.total);
    $('range').textContent = t.total ? `${count(t.offset + 1)}–${count(t.offset + t.trials.length)} of ${count(t.total)}` : '';
    $('before').disabled = t.offset === 0;
    $('after').disabled = t.offset + t.trials.length >= t.total;
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
      b.onclick = () => { view.cell = null; view.offset = 0; showTrials(); };
      clear.push(b);
    }
    fill($('cell-filter'), ...clear);
  }
  $('filter').addEventListener('change', () => { view.offset = 0; showTrials(); });
  $('filter').addEventListener('submit', event => event.preventDefault());
  $('before').onclick = () => { view.offset = Math.max(0, view.offset - page); showTrials(); };
  $('after').onclick = () => { view.offset += page; showTrials(); };

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

  // Round values between two powers of ten: the coarsest steps that give three of them.
  function ticks(low, high) {
    let found = [];
    for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8], Array.from({length: 90}, (_, i) => (10 + i) / 10)]) {
      found = [];
      for (let e = Math.floor(low); e <= Math.ceil(high); e++) for (const m of steps) {
        const v = +(m * 10 ** e).toPrecision(2), l = Math.log10(v);
        if (l >= low && l <= high) found.push(v);
      }
      if (found.length >= 3) break;
    }
    return found;
  }
  // Curves: the logarithm of the loss against the step.
  function chart(curves) {
    const ns = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(ns, 'svg');
    const add = (tag, attributes, text) => {
      const e = document.createElementNS(ns, tag);
      for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
      if (text !== undefined) e.textContent = text;
      svg.append(e); return e;
    };
    const points = curves.flatMap(c => c.points.filter(p => p[1] > 0));
    if (!points.length) return make('p', 'no learning curve has been measured yet', {class: 'quiet'});
    const w = 860, h = 280, left = 62, right = 10, top = 10, bottom = 34;
    svg.setAttribute('viewBox', `0 0 ${w} ${h}`);
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', 'validation loss against training step');
    const xs = points.map(p => p[0]), ys = points.map(p => Math.log10(p[1]));
    const x1 = Math.max(...xs, 1), y0 = Math.min(...ys), y1 = Math.max(...ys, y0 + .1);
    const X = s => left + (w - left - right) * s / x1, Y = v => top + (h - top - bottom) * (y1 - Math.log10(v)) / (y1 - y0);
    for (const v of ticks(y0, y1)) {
      add('line', {x1: left, x2: w - right, y1: Y(v), y2: Y(v), stroke: 'var(--grid)'});
      add('text', {x: left - 6, y: Y(v) + 4, 'text-anchor': 'end'}, v < .001 ? v.toExponential() : String(v));
    }
    for (const f of [0, .25, .5, .75, 1]) add('text', {x: X(f * x1), y: h - bottom + 16,
      'text-anchor': f === 0 ? 'start' : f === 1 ? 'end' : 'middle'}, count(Math.round(f * x1)));
    add('text', {x: (left + w) / 2, y: h - 4, 'text-anchor': 'middle'}, 'step');
    add('text', {x: 12, y: h / 2, transform: `rotate(-90 12 ${h / 2})`, 'text-anchor': 'middle'}, 'validation loss');
    curves.forEach((c, i) => {
      const d = c.points.filter(p => p[1] > 0).map((p, k) => (k ? 'L' : 'M') + X(p[0]).toFixed(1) + ' ' + Y(p[1]).toFixed(1)).join('');
      const path = add('path', {d, fill: 'none', stroke: `var(--c${i % 8})`, 'stroke-width': 1.8});
      const title = document.createElementNS(ns, 'title'); title.textContent = c.name; path.append(title);
    });
    return svg;
  }
  function facts(pairs) {
    const table = make('table', null, {class: 'facts'});
    for (const [name, value] of pairs) if (value !== undefined && value !== null && value !== '') {
      const tr = make('tr'); tr.append(make('th', name, {scope: 'row'}), make('td', value)); table.append(tr);
    }
    return table;
  }
  async function open(title, path, build) {
    const box = $('detail-body');
    fill(box, make('h2', title), make('p', 'reading…', {class: 'quiet'}));
    if (!$('detail').open) $('detail').showModal();
    try { fill(box, make('h2', title), ...build(await (await ask(path)).json())); }
    catch (error) { fill(box, make('h2', title), make('p', error.message, {class: 'lost'})); }
  }
  function showCell(id) {
    open('Cell ' + id, 'api/v1/cells/' + id, c => {
      const seeds = make('table');
      seeds.append(header(['seed', 'trial', 'ln test loss', 'normalised excess', 'outcome']), body(c.seeds.map(s => {
        const tr = make('tr', null, {class: 'link', tabindex: 0});
        for (const text of [s.seed, s.trial, number(s.ln_test_loss), number(s.normalised_excess), s.diverged ? 'diverged' : ''])
          tr.append(make('td', text));
        tr.onclick = () => showTrial(s.trial);
        return tr;
      }), 'no reporting trial has ended', 5));
      const tuned = make('table');
      tuned.append(header(['candidate', 'score', '']), body(c.candidates.map(k => {
        const tr = make('tr', null, k.selected ? {class: 'selected'} : {});
        for (const text of [k.text, number(k.score), k.selected ? 'selected' : '']) tr.append(make('td', text));
        return tr;
      }), 'nothing is tuned', 3));
      const list = make('button', 'list its trials', {type: 'button'});
      list.onclick = () => { view.cell = id; view.offset = 0; $('detail').close(); showTrials(); $('trials').scrollIntoView(); };
      const scroll = (...e) => { const d = make('div', null, {class: 'scroll'}); d.append(...e); return d; };
      const state = [c.verdict, c.status === 'ok' ? '' : c.status, c.pending ? `${count(c.pending)} trials to go` : ''];
      return [make('p', `${c.column} on ${c.row}: ${state.filter(s => s).join(', ')}`, {class: 'answer'}), make('p', c.sentence, {class: 'quiet'}),
        chart(c.curves), make('h3', 'Reporting seeds'), scroll(seeds), make('h3', 'Tuning'), scroll(tuned), list];
    });
  }
  function showTrial(id) {
    open('Trial ' + id, 'api/v1/trials/' + id, t => {
      const attempts = make('table');
      attempts.append(header(['granted', 'worker', 'host', 'outcome']), body(t.attempts.map(a => {
        const tr = make('tr');
        for (const text of [a.granted || '', a.worker || '', a.host || '', a.outcome]) tr.append(make('td', text));
        return tr;
      }), 'not granted yet', 4));
      const actions = make('p');
      if (view.overview?.can_act) {
        if (t.can_cancel) actions.append(button('cancel', `api/v1/trials/${id}/cancel`, `Cancel trial ${id}? Its cell loses this seed.`));
        if (t.can_retry) actions.append(button('try again', `api/v1/trials/${id}/retry`));
      }
      return [make('p', t.what), chart([{name: 'validation loss', points: t.curve}]),
        facts([['state', t.state], ['why', t.why], ['loss', number(t.loss)], ['time', t.seconds === undefined ? null : seconds(t.seconds)],
          ['checkpoint', t.checkpoint], ['configuration', t.configuration], ['parameters', t.parameters]]),
        make('h3', 'Attempts'), attempts, actions];
    });
  }

  let isBusy = false, isStale = false;
  async function refresh() {
    if (isBusy) { isStale = true; return; }
    isBusy = true;
    try { await Promise.all([showMatrix(), showTrials(), showEvents()]); }
    catch (error) { $('state').textContent = error.message; $('state').className = 'lost'; }
    isBusy = false;
    if (isStale) { isStale = false; refresh(); }
  }
  function listen() {
    const source = new EventSource('events');
    source.onmessage = event => {
      const news = JSON.parse(event.data);
      showOverview(news.overview);
      if (news.version !== view.version) { view.version = news.version; if (!document.hidden) refresh(); }
    };
    source.onerror = () => { $('state').textContent = 'the dashboard does not answer; trying again'; $('state').className = 'lost'; };
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  for (const s of ['', 'pending', 'running', 'succeeded', 'failed', 'quarantined', 'cancelled', 'pruned', 'paused'])
    $('filter').elements.state.append(make('option', s || 'all', {value: s}));
  listen();
  refresh();
  """#
