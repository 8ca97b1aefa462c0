/** The static table of HPACK (RFC 7541, appendix A) from index 1: names, with the value after a blank where there is one. */
const ENTRIES = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

export interface StaticEntry {
  readonly name: string;
  readonly value: string;
}

/** Entry i has index i + 1. */
export const STATIC_TABLE: readonly StaticEntry[] = ENTRIES.split('\n').map((line) => {
  const [, name = '', value = ''] = /^(:?[^ ]+) ?(.*)$/.exec(line) ?? [];
  return { name, value };
});
