/** The frame of a page that asks nothing of the network. */
import { VERSION } from '../version.ts';
import { Html, html } from './html.ts';

/** What fills the frame. */
export interface Document {
  title: string;
  /** CSS. */
  style: string;
  body: Html;
  /** Source of the one script that may run, for the page's Content-Security-Policy; default: none may. */
  script?: string;
}

/** The text of the whole page. */
export function htmlDocument({ title, style, body, script }: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'${script && `; script-src ${script}`}">
<meta name="generator" content="retrievalguard ${VERSION}">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}</body>
</html>
`.text;
}
