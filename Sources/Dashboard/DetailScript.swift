// The part of the page's program that shows one cell or one trial: curves, tables and facts in a dialog.

let detailScript = #"""
  // Round values between two powers of ten: the coarsest steps that give three of them.
  function ticks(low, high) {
    let found = [];
    for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8],
      [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9], Array.from({length: 90}, (_, i) => (10 + i) / 10)]) {
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
    // As wide as there is room for, so that its letters stay legible.
    const w = Math.max(320, Math.min(860, innerWidth - 80)), h = 280, left = 62, right = 10, top = 10, bottom = 34;
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
  function scrollable(...parts) { const d = make('div', null, {class: 'scroll'}); d.append(...parts); return d; }
  async function open(title, path, build) {
    const box = $('detail-body');
    fill(box, make('h2', title), make('p', 'reading…', {class: 'quiet'}));
    if (!$('detail').open) $('detail').showModal();
    try {
      const {heading, parts} = build(await (await ask(path)).json());
      fill(box, make('h2', heading), ...parts);
    }
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
      list.onclick = () => { view.cell = id; view.trials.offset = 0; $('detail').close(); showTrials(); $('trials').scrollIntoView(); };
      const state = [c.verdict, c.status === 'ok' ? '' : c.status, c.pending ? `${count(c.pending)} trials to go` : ''];
      return {heading: `${c.column} on ${c.row}`, parts: [make('p', state.filter(s => s).join(', '), {class: 'answer'}),
        make('p', c.sentence, {class: 'quiet'}), chart(c.curves), make('h3', 'Reporting seeds'), scrollable(seeds),
        make('h3', 'Tuning'), scrollable(tuned), list]};
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
      return {heading: 'Trial ' + id, parts: [make('p', t.what), chart([{name: 'validation loss', points: t.curve}]),
        facts([['state', t.state], ['why', t.why], ['loss', number(t.loss)], ['time', t.seconds === undefined ? null : seconds(t.seconds)],
          ['checkpoint', t.checkpoint], ['configuration', t.configuration], ['parameters', t.parameters]]),
        make('h3', 'Attempts'), scrollable(attempts), actions]};
    });
  }

  """#
