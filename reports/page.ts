import { type Html, html, raw } from './html.ts';
import { PAGE_FUNCTIONS } from './panel/bill.ts';

export interface PageParts {
  readonly title: string;
  readonly css: string;
  /** The page's own script; what it calls of `PAGE_FUNCTIONS` is put before it. */
  readonly script: string;
  readonly body: Html;
}

/**
 * One self-contained file. The policy lets exactly our one stylesheet and our one script run, by their hashes, and
 * nothing be fetched from anywhere.
 */
export async function page({ title, css, script, body }: PageParts): Promise<string> {
  const code = `'use strict';\n${PAGE_FUNCTIONS.map(String).join('\n')}\n${script}`;
  const policy = [
    "default-src 'none'",
    `style-src '${await sha256(css)}'`,
    `script-src '${await sha256(code)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(css)}</style>
</head>
<body>
${body}
<script>${raw(code)}</script>
</body>
</html>
`;
  return document.markup;
}

/** A source expression of a Content-Security-Policy for an inline text. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
