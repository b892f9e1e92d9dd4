'use strict';
(() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const plots = new Map();
  let printing = false;
  let only = null; // the labels that are shown, a variant's and its baseline's; null shows all

  const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = v => v >= 1024 && v % 1024 === 0 ? v / 1024 + 'k' : String(v);
  const digits = v => v == null ? '–' : Math.abs(v) >= 1000 ? Math.round(v).toLocaleString('en') : String(+v.toPrecision(4));

  /** Error bars above the lines, or bands beneath them. */
  function spreads(figure) {
    const draw = u => {
      const ctx = u.ctx;
      ctx.save();
      ctx.beginPath();
      ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      ctx.clip();
      figure.series.forEach((s, i) => {
        if (!s.spread || !u.series[i + 1].show) return;
        const at = figure.x.map((x, j) => s.y[j] == null || s.spread[j] == null ? null : [
          u.valToPos(x, 'x', true), u.valToPos(s.y[j] - s.spread[j], 'y', true), u.valToPos(s.y[j] + s.spread[j], 'y', true)])
          .filter(p => p);
        ctx.strokeStyle = ctx.fillStyle = color('--c' + s.color % 10);
        figure.bars ? bars(ctx, at) : band(ctx, at);
      });
      ctx.restore();
    };
    return {hooks: figure.bars ? {draw: [draw]} : {drawClear: [draw]}};
  }

  function bars(ctx, at) {
    const cap = 5 * devicePixelRatio;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    at.forEach(([x, low, high]) => {
      ctx.beginPath();
      ctx.moveTo(x, low); ctx.lineTo(x, high);
      ctx.moveTo(x - cap, low); ctx.lineTo(x + cap, low);
      ctx.moveTo(x - cap, high); ctx.lineTo(x + cap, high);
      ctx.stroke();
    });
  }

  function band(ctx, at) {
    if (at.length < 2) return;
    ctx.globalAlpha = 0.18;
    ctx.beginPath();
    at.forEach(([x, low], i) => i ? ctx.lineTo(x, low) : ctx.moveTo(x, low));
    at.slice().reverse().forEach(([x, , high]) => ctx.lineTo(x, high));
    ctx.closePath();
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  /** One finger reads values, two fingers zoom. */
  function touch() {
    return {hooks: {ready: [u => {
      let start = null;
      const xOf = t => t.clientX - u.over.getBoundingClientRect().left;
      u.over.addEventListener('touchstart', e => {
        if (e.touches.length === 2) {
          start = {x: [xOf(e.touches[0]), xOf(e.touches[1])].sort((a, b) => a - b), min: u.scales.x.min, max: u.scales.x.max};
          start.val = start.x.map(p => u.posToVal(p, 'x'));
        }
      }, {passive: true});
      u.over.addEventListener('touchmove', e => {
        if (e.touches.length === 1) {
          u.setCursor({left: xOf(e.touches[0]), top: u.over.clientHeight / 2});
        } else if (e.touches.length === 2 && start) {
          e.preventDefault();
          const now = [xOf(e.touches[0]), xOf(e.touches[1])].sort((a, b) => a - b);
          const perPixel = (start.val[1] - start.val[0]) / Math.max(10, now[1] - now[0]);
          const min = start.val[0] - now[0] * perPixel;
          zoom(u, min, min + u.over.clientWidth * perPixel);
        }
      }, {passive: false});
    }]}};
  }

  function zoom(u, min, max) {
    const x = u.data[0];
    u.setScale('x', {min: Math.max(min, x[0]), max: Math.min(max, x[x.length - 1])});
  }

  function isZoomed(u, figure) {
    const x = figure.x, s = u.scales.x;
    return s.min != null && (s.min > x[0] + 1e-9 || s.max < x[x.length - 1] - 1e-9);
  }

  function yRange(figure) {
    return (u, min, max) => {
      if (min == null) return [0, 1];
      let low = min, high = max;
      if (figure.top != null && !isZoomed(u, figure) && figure.top > min) high = Math.min(high, figure.top);
      if (figure.bars) {
        figure.series.forEach(s => s.y.forEach((y, i) => {
          if (y == null || u.scales.x.min != null && (figure.x[i] < u.scales.x.min || figure.x[i] > u.scales.x.max)) return;
          const spread = s.spread && s.spread[i] || 0;
          low = Math.min(low, y - spread); high = Math.max(high, y + spread);
        }));
        low = Math.max(low, Math.min(0, min));
      }
      const pad = (high - low || Math.abs(high) || 1) * 0.05;
      return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
    };
  }

  function options(figure, width) {
    const axis = {stroke: color('--ink'), grid: {stroke: color('--line'), width: 1}, ticks: {stroke: color('--line')}};
    const wide = figure.x[figure.x.length - 1] / figure.x[0];
    return {
      width, height: printing ? 300 : Math.round(Math.min(420, Math.max(260, width * 0.6))),
      scales: {
        x: figure.logX ? {time: false, distr: 3, log: 2, range: (u, a, b) => wide > 1 && !isZoomed(u, figure)
          ? [figure.x[0] / 1.15, figure.x[figure.x.length - 1] * 1.15] : [a, b]} : {time: false},
        y: {range: yRange(figure)},
      },
      cursor: {drag: {x: true, y: false}, points: {size: 7}},
      plugins: [spreads(figure), touch()],
      axes: [
        {...axis, label: figure.xLabel, labelSize: 24, size: 40, ...(figure.logX ? {values: (u, v) => v.map(t => t == null ? '' : short(t)),
          splits: () => figure.x, filter: (u, v) => v} : {})},
        {...axis, label: figure.yLabel, labelSize: 24, size: 56, values: (u, v) => v.map(digits)},
      ],
      series: [
        {label: figure.xLabel, value: (u, v) => v == null ? '–' : figure.logX ? short(v) : digits(v)},
        ...figure.series.map(s => ({
          label: s.name, stroke: color('--c' + s.color % 10), width: 2, dash: s.dashed ? [6, 5] : undefined, spanGaps: true,
          points: {show: figure.bars, size: 7}, show: figure.bars || visible(s),
          value: (u, v, i, j) => v == null ? '–' : digits(v) + (s.spread && j != null && s.spread[j] != null ? ' ± ' + digits(s.spread[j]) : ''),
        })),
      ],
    };
  }

  const visible = s => only == null || only.includes(s.name);

  function draw(box) {
    const figure = figures[box.dataset.figure];
    plots.get(box)?.destroy();
    const width = printing ? 640 : Math.max(240, Math.floor(box.getBoundingClientRect().width));
    const plot = new uPlot(options(figure, width), [figure.x, ...figure.series.map(s => s.y)], box);
    plots.set(box, plot);
  }

  function tools(box) {
    const figure = figures[box.dataset.figure];
    const bar = document.createElement('div');
    bar.className = 'tools';
    const reset = document.createElement('button');
    reset.type = 'button';
    reset.textContent = 'Whole range';
    reset.title = 'Drag across the plot, or pinch it, to zoom';
    reset.addEventListener('click', () => { draw(box); });
    bar.append(reset);
    box.after(bar);
  }

  const boxes = [...document.querySelectorAll('.plot')];
  const all = () => boxes.forEach(draw);
  boxes.forEach(tools);
  all();

  document.querySelectorAll('[data-only]').forEach(button => button.addEventListener('click', () => {
    only = button.dataset.only ? [button.dataset.only, button.dataset.baseline] : null;
    document.querySelectorAll('[data-only]').forEach(b => b.setAttribute('aria-pressed', String(b === button)));
    all();
  }));

  let seen = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== seen) { seen = innerWidth; all(); } });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', all);
  const closed = []; // what printing opens, and closes again
  const print = on => {
    if (on && !printing) closed.splice(0, Infinity, ...document.querySelectorAll('details:not([open])'));
    printing = on;
    document.documentElement.classList.toggle('print', on);
    closed.forEach(box => { box.open = on; });
    all();
  };
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
})();
