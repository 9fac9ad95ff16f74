/** The page's style: light and dark by the reader's preference, one column on a phone, ink-saving on paper. */
import { METHOD_COLOURS, methodColour } from '../charts/index.ts';

const METHODS = Object.keys(METHOD_COLOURS) as (keyof typeof METHOD_COLOURS)[];
const methods = (theme: 'light' | 'dark'): string =>
  METHODS.map((method) => `--method-${method}:${METHOD_COLOURS[method][theme]};`).join('');
const LIGHT = `
--page:#fff;--panel:#f6f7f9;--text:#1b1f24;--muted:#5c6570;--line:#e3e6ea;--line-strong:#a9b0b9;--accent:#0b5cad;
--correct:#1a7f37;--wrong:#b3261e;
${methods('light')}
--training-0:#0072b2;--training-1:#d55e00;--training-2:#009e73;--training-3:#b5548d;--training-4:#8a6d00;--training-5:#5c6570;`;
const DARK = `
--page:#14171b;--panel:#1d2126;--text:#e7eaee;--muted:#a0a9b4;--line:#31373e;--line-strong:#6b7580;--accent:#7db8f5;
--correct:#5bc77a;--wrong:#ff8a80;
${methods('dark')}
--training-0:#56b4e9;--training-1:#ff8c42;--training-2:#2cc79b;--training-3:#e79bc3;--training-4:#e8c547;--training-5:#a8a8a8;`;

/** Content of the page's <style>. Colours of methods and trainings follow Okabe and Ito, told apart with any colour vision. */
export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media screen and (prefers-color-scheme:light){:root:has(#theme:checked){color-scheme:dark;${DARK}}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}:root:has(#theme:checked){color-scheme:light;${LIGHT}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:70rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
h1,h2,h3{line-height:1.2;text-wrap:balance}
h1{font-size:2rem;margin:0 0 .4rem;letter-spacing:-.01em}
h2{font-size:1.35rem;margin:3rem 0 .8rem;padding-top:1.2rem;border-top:1px solid var(--line)}
h2 small,.muted,.note,.path,figcaption,.subtitle{color:var(--muted)}
h2 small{font-weight:400}
h3{font-size:1rem;margin:0}
p{margin:.6rem 0;max-width:46rem}
.subtitle{margin:0;max-width:none;overflow-wrap:anywhere}
.note,figcaption{font-size:.875rem;max-width:46rem}
.warning{border-left:4px solid var(--wrong);background:var(--panel);padding:.6rem 1rem;margin:1rem 0;max-width:none}
.definitions{position:absolute}
.tiles{list-style:none;margin:1.8rem 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem}
.tiles li{background:var(--panel);border-radius:.6rem;padding:.8rem 1rem}
.tiles b{display:block;font-size:1.6rem;font-weight:650;line-height:1.2;font-variant-numeric:tabular-nums}
.tiles span{display:block;font-size:.85rem;color:var(--muted);line-height:1.35}
.guide{display:grid;grid-template-columns:minmax(0,46rem) minmax(14rem,1fr);gap:0 2.5rem;align-items:start}
.methods{margin:.6rem 0;font-size:.875rem;line-height:1.45}
.methods div{margin-bottom:.6rem;padding-left:.9rem;border-left:3px solid}
.methods dt{font-weight:600}
.methods dd{margin:0;color:var(--muted)}
figure{margin:1rem 0 0}
figcaption{margin-top:.5rem}
.chart{display:block;width:100%;height:auto;overflow:visible;color:var(--muted)}
.chart text{font-family:inherit}
.narrow{display:none}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1.2rem 2.5rem;margin-top:1.6rem}
.legend{list-style:none;margin:0 0 .6rem;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.5rem}
.key{width:28px;height:8px;flex:none}
.scroll{overflow-x:auto;margin:1rem 0 .4rem}
.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums;min-width:100%}
caption{text-align:left;font-weight:600;padding-bottom:.5rem}
th,td{text-align:left;vertical-align:top;padding:.42rem .8rem;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:.2rem}
thead th{border-bottom:1.5px solid var(--line-strong);font-weight:600;white-space:nowrap;color:var(--muted);font-size:.85rem}
tbody th{font-weight:500;white-space:nowrap}
.number{text-align:right;white-space:nowrap}
.text{min-width:15rem}
.epoch{white-space:nowrap}
.group th{padding-top:1rem;font-weight:650}
.dot{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.55em}
.keys th{color:var(--muted);font-weight:400;width:22rem;white-space:normal}
.keys td{overflow-wrap:anywhere;min-width:12rem}
.differ th,.differ td{background:var(--panel);color:var(--text);font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem;margin-top:1rem}
.card{display:flex;flex-direction:column;background:var(--panel);border-radius:.7rem;padding:1rem;min-width:0}
.query{display:flex;gap:1rem}
.query .picture{width:7.5rem;height:7.5rem}
.facts{min-width:0;flex:1}
.facts h3{overflow-wrap:anywhere}
.path{font-size:.78rem;margin:.15rem 0 .5rem;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.picture{display:block;flex:none;border-radius:.4rem;background:var(--line);overflow:hidden}
.picture.none{background:repeating-linear-gradient(45deg,var(--line) 0 6px,transparent 6px 12px)}
.answers{list-style:none;margin:0;padding:0;font-size:.85rem;line-height:1.5}
.answers li{display:grid;grid-template-columns:4.7rem 1fr;overflow-wrap:anywhere}
.system{color:var(--muted)}
.correct .mark,.same .label>span{color:var(--correct);font-weight:700}
.wrong .mark,.other .label>span{color:var(--wrong);font-weight:700}
span.wrong{color:var(--wrong)}
.radii{margin:.9rem 0;font-size:.85rem;display:grid;grid-template-columns:4rem 1fr;gap:.2rem .6rem;align-items:center}
.radii dt{color:var(--muted)}
.radii dd{margin:0;display:flex;flex-wrap:wrap;align-items:center;gap:0 .5rem;min-width:0}
.bar{height:.55rem;border-radius:.2rem;min-width:2px;flex:none}
.value{font-variant-numeric:tabular-nums;white-space:nowrap}
.nearest{list-style:none;margin:auto 0 0;padding:0;display:grid;grid-template-columns:repeat(5,1fr);gap:.4rem;font-size:.72rem;line-height:1.35}
.nearest li{min-width:0}
.nearest .picture{width:100%;aspect-ratio:1;height:auto;border-bottom:3px solid var(--wrong);border-radius:.3rem}
.nearest .same .picture{border-color:var(--correct)}
.label{display:block;margin-top:.2rem;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.distance{display:block;color:var(--muted);font-variant-numeric:tabular-nums}
.skipped{font-size:.88rem;padding-left:1.2rem}
code{font-size:.92em;overflow-wrap:anywhere}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.85rem;color:var(--muted)}
@media (max-width:52rem){.guide{grid-template-columns:1fr}}
@media screen and (max-width:34rem){
main{padding:1.5rem 1rem 3rem}h1{font-size:1.6rem}
.wide{display:none}.narrow{display:block}
.keys,.keys tbody,.keys tr,.keys th,.keys td{display:block;width:auto}.keys th{border:0;padding:.5rem .2rem 0}.keys td{padding:0 .2rem .5rem}
}
@media print{
body{font-size:10pt}main{max-width:none;padding:0}
.card,.tiles li,figure,tr{break-inside:avoid}
h2{break-after:avoid}
.scroll{overflow:visible}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
.changes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem;list-style:none;margin:1rem 0;padding:0}
.changes li{background:var(--panel);border-radius:.7rem;padding:.7rem 1rem}
.changes h3{font-size:.85rem;margin:0 0 .4rem;overflow-wrap:anywhere}
.triple{display:flex;gap:.6rem;justify-content:space-between}
.triple figure{margin:0;text-align:center;min-width:0;flex:1}
.triple img,.triple span[role]{display:block;width:100%;aspect-ratio:1;object-fit:cover;image-rendering:pixelated;border-radius:.35rem;background:#888}
.triple figcaption{font-size:.75rem;margin-top:.25rem;overflow-wrap:anywhere}
.changes p{margin:.4rem 0 0;font-size:.85rem}
.histograms{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem}
.histogram{margin:0}
.interval{display:block;position:relative;height:.9rem;min-width:8rem;background:var(--panel);border-radius:.2rem}
.interval span{position:absolute;top:.3rem;height:.3rem;background:var(--line-strong);border-radius:.15rem}
.interval b{position:absolute;top:.1rem;width:.3rem;height:.7rem;margin-left:-.15rem;background:currentColor;border-radius:.1rem}
.changed{display:flex;gap:.8rem;margin:.8rem 0 0}
.changed figure{margin:0;flex:0 1 7rem;min-width:0}
.changed img{display:block;width:100%;aspect-ratio:1;object-fit:cover;image-rendering:pixelated;border-radius:.35rem}
.changed figcaption{font-size:.72rem;margin-top:.2rem;line-height:1.25}
.curves .log{display:none}
.curves:has(.toggle-log:checked) .log{display:block}.curves:has(.toggle-log:checked) .linear{display:none}
${METHODS.map((method) => `.curves:has(.toggle-${method}:not(:checked)) .chart path[stroke="${methodColour(method)}"]{display:none}`).join('\n')}
.hover g:hover rect{fill:currentColor;fill-opacity:.12}
.legend label,.theme{cursor:pointer}
.theme{float:right;font-size:.85rem;color:var(--muted)}
button,select,input[type=search]{font:inherit;font-size:.875rem;color:var(--text);background:var(--panel);border:1px solid var(--line-strong);border-radius:.35rem;padding:.2rem .6rem}
button{cursor:pointer}button:disabled{opacity:.45;cursor:default}
button:focus-visible,select:focus-visible,input:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.keep{font-size:.75rem;padding:.1rem .5rem;color:var(--muted)}
.controls{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:.8rem 0;font-size:.875rem;color:var(--muted)}
.position{font-variant-numeric:tabular-nums}
.queries th[scope=row]{padding:.2rem}
.open{display:flex;gap:.7rem;align-items:center;text-align:left;border:0;background:none;padding:.1rem;min-width:12rem;width:100%}
.open .picture{width:2.5rem;height:2.5rem;object-fit:cover}
.open small{display:block;color:var(--muted);font-size:.75rem;overflow-wrap:anywhere;white-space:normal;max-width:22rem}
.open[aria-expanded=true]{font-weight:650}
.queries td.correct .mark{color:var(--correct)}.queries td.wrong .mark{color:var(--wrong)}
.below td{background:var(--panel);padding:1rem}
.opened{display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:flex-start;position:sticky;left:1rem;max-width:min(66rem,100vw - 5rem)}
.opened>div{flex:1 1 min(100%,22rem);min-width:0}
.opened-pictures{display:flex;gap:1rem;max-width:26rem}
.opened-pictures figure{margin:0;flex:1;min-width:0}
.opened-pictures canvas{display:block;width:100%;aspect-ratio:1;object-fit:cover;image-rendering:pixelated;border-radius:.35rem;background:var(--line)}
.opened-pictures input{width:100%}.opened-pictures output{display:block;min-height:3.6em}
.opened-facts{display:grid;grid-template-columns:5rem 1fr;gap:.1rem .6rem;margin:0 0 .8rem;font-size:.85rem}
.opened-facts dt{color:var(--muted)}.opened-facts dd{margin:0;overflow-wrap:anywhere}
.opened .nearest{max-width:30rem}
img.picture{object-fit:cover;image-rendering:pixelated}
@media print{.theme,.legend input,.controls,.keep{display:none}}
`;
