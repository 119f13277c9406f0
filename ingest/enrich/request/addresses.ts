/** A value that is an address: of this host, its platform or its cloud in all spellings, of another protocol, of code to include. */
import { anyOf, DATA, listOf, setOf } from './data.ts'
import { type Add, HINT, SURE } from './findings.ts'
import * as S from './signs.ts'

const METADATA = setOf(DATA.addresses.metadata)
const METADATA_ADDRESSES = setOf(DATA.addresses.metadataAddresses)
const INSIDE = setOf(DATA.addresses.inside)
const INSIDE_NAMES = setOf(DATA.addresses.insideNames)
const INSIDE_ENDS = setOf(DATA.addresses.insideEnds)
const CALLBACK = setOf(DATA.addresses.callback)
const CALLED = new RegExp(anyOf(listOf(DATA.addresses.callback)), 'i')
/** Whether the host, or what it lies below, is one of the names. */
const below = (host: string, names: ReadonlySet<string>, dot: '' | '.'): boolean => {
  for (let at = host.indexOf('.'); at >= 0; at = host.indexOf('.', at + 1))
    if (names.has(dot + host.slice(at + 1))) return true
  return false
}
const RAW = listOf(DATA.addresses.raw)
const ODD = setOf(DATA.addresses.odd)
/** Schemes that people link to as well. */
const USUAL = new Set(
  'ftp ftps git svn rtsp rtmp tcp mysql ssh sftp view-source about news feed man help info sip irc xmpp webdav res resource data chrome stun turn mqtt s3 gs file filesystem unix smb telnet imap pop3 smtp'.split(
    ' ',
  ),
)
const INCLUDE = setOf(DATA.parameters.include)
const STRICT = setOf(DATA.parameters.strictInclude)

const numberOf = (part: string): number =>
  /^0x[0-9a-f]+$/i.test(part)
    ? Number.parseInt(part, 16)
    : /^0[0-7]*$/.test(part)
      ? Number.parseInt(part, 8)
      : /^\d+$/.test(part)
        ? Number(part)
        : Number.NaN
/** Four numbers of an IPv4 address as `inet_aton` reads it: 127.1, 2130706433, 0x7f.1, 0177.0.0.1. */
export const ipv4Of = (host: string): readonly [number, number, number, number] | undefined => {
  if (!/^\d[0-9a-fx.]*$/i.test(host)) return undefined
  const parts = host.replace(/\.$/, '').split('.').map(numberOf)
  if (parts.length === 0 || parts.length > 4 || parts.some(Number.isNaN)) return undefined
  const last = parts.pop()!
  let value = 0
  for (const part of parts) {
    if (part > 255) return undefined
    value = value * 256 + part
  }
  value = value * 256 ** (4 - parts.length) + last
  // Some readers drop what goes over: 256 more in a byte, 2^32 more in all.
  if (value > 0xffffffff) value %= 2 ** 32
  return [Math.floor(value / 2 ** 24), Math.floor(value / 2 ** 16) & 255, Math.floor(value / 256) & 255, value & 255]
}
const isInside = ([a, b]: readonly number[]): boolean =>
  a === 127 ||
  a === 10 ||
  a === 0 ||
  (a === 172 && b! >= 16 && b! < 32) ||
  (a === 192 && b === 168) ||
  (a === 169 && b === 254) ||
  (a === 100 && b! >= 64 && b! < 128) ||
  (a === 198 && (b === 18 || b === 19)) ||
  a! >= 224

type Sort = 'inside' | 'metadata' | 'literal' | 'callback' | undefined
/** ①②⑦.⓪.⓪.① and ｌｏｃａｌｈｏｓｔ are what NFKC makes of them. */
const plainHost = (authority: string): string =>
  authority
    .slice(authority.lastIndexOf('@') + 1)
    .replace(/(?<!:):\d*$/, '')
    .normalize('NFKC')
    .replace(/[\u3002\uff61]/g, '.')
    .replace(/[\u00ad\u200b-\u200d\u2060]/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
/** RFC 1035 has no longer names; with an address of the inside in front a few more. */
const LONGEST_HOST = 300
const sortOf = (host: string): Sort => {
  if (host.length > LONGEST_HOST) return undefined
  const ip = ipv4Of(host)
  if (ip) return METADATA_ADDRESSES.has(ip.join('.')) ? 'metadata' : isInside(ip) ? 'inside' : 'literal'
  if (host.startsWith('[')) {
    const inner = host.slice(1).replace(/\].*$/, '').replace(/%.*$/, '')
    if (METADATA_ADDRESSES.has(inner) || /(?:a9fe:a9fe|169\.254\.169\.254)$/.test(inner)) return 'metadata'
    return /^(?:[0:]*:?(?:[0-9]|[0-9a-f]{1,4}:[0-9a-f]{1,4}|\d+\.\d+\.\d+\.\d+)?|[0:]*ffff:.*|f[cdef].*|64:ff9b:.*|2002:7f.*|2002:a.*)$/.test(
      inner,
    )
      ? 'inside'
      : 'literal'
  }
  if (METADATA.has(host)) return 'metadata'
  if (INSIDE.has(host) || INSIDE_NAMES.has(host) || host.startsWith('localhost') || below(host, INSIDE_ENDS, '.'))
    return 'inside'
  if (CALLBACK.has(host) || below(host, CALLBACK, '')) return 'callback'
  return undefined
}

const SCHEME = /^(?:url:)?\s*([a-z][a-z0-9+.-]{1,20}):(\/{0,3}|\\{1,3})/i
/** Parameters that take a host or an address. */
const HOSTED =
  /^(?:(?:\w*[_-])?(?:url|uri|link|href|host|hostname|server|domain|site|endpoint|proxy|proxyhost|target|dest|destination|redirect(?:_?ur[il])?|return(?:_?(?:url|to))?|next|continue|callback|webhook|hook|feed|fetch|remote|origin|upstream|backend|address|addr|ip|forward|image_?url|img_?url|api|src|source|u|to|out|goto|open|load|port|val|validate|view|window|reference|data|path|page|file|html|wsdl|xml|rss|avatar|import|download|preview|resource|location|connect|ping|tunnel))$/i
/** A name without a scheme is one only where a host is asked for; "database" is a word. */
const BARE_HOST = /^(?:[a-z0-9_-]+\.)*[a-z0-9_-]+(?::\d{1,5})?(?:\/[^\s]*)?$|^\[[0-9a-f:.%]+\](?::\d{1,5})?(?:\/\S*)?$/i

const bare = (value: string, name: string, add: Add): void => {
  if (/\s/.test(value)) return
  const authority = /^[^/?#\\\s]*/.exec(value)![0]
  const host = plainHost(authority)
  const sort = host === '' || host.length < 2 ? undefined : sortOf(host)
  const said = /[.:/]/.test(value) || /\[/.test(value)
  if (sort === 'metadata' && said) add('metadata_address', SURE)
  else if (sort === 'inside') {
    const address = ipv4Of(host)
    const spelled = address && (host.split('.').length !== 4 || /(?:^|\.)0[0-7x]/.test(host))
    if (address) {
      if (host.split('.').length === 4 || host.startsWith('0x')) {
        const pointed = HOSTED.test(name) || /[:/]/.test(value.slice(authority.length - 6))
        if (host.split('.').length === 4)
          add(spelled ? 'address_disguised' : 'inside_address', pointed || spelled ? SURE : HINT)
        else if (HOSTED.test(name)) add('address_disguised', SURE)
      } else if (HOSTED.test(name) && (host.includes('.') || host.length > 8) && address[0] === 127)
        add('address_disguised', SURE)
    } else if (host.startsWith('[') || host.startsWith('localhost'))
      add('inside_address', BARE_HOST.test(value) ? SURE : HINT)
    else if (INSIDE_NAMES.has(host) || (host.includes('.') && BARE_HOST.test(value)))
      add('inside_address', INSIDE_NAMES.has(host) || HOSTED.test(name) || /:\d/.test(value) ? SURE : HINT)
    else if (HOSTED.test(name) && /^[a-z-]+:\d{2,5}(?:\/|$)/.test(value)) add('inside_address', SURE)
  } else if (sort === 'callback') add('callback_host', SURE)
  else if (/[\u2460-\u24ff\uff00-\uff5e]/.test(authority) && sortOf(plainHost(authority)) !== undefined)
    add('address_disguised', SURE)
  if (
    /:\/\//.test(value) &&
    /(?:^|[\s,;'"=(@])(?:gopher|dict|ldaps?|rmi|jar|netdoc|tftp|file|expect|phar):\/\//i.test(value)
  )
    add('odd_scheme', SURE)
  else if (sort === undefined && value.includes('.') && CALLED.test(value) && /[/:@.]/.test(value))
    add('callback_host', /^\W*(?:[\w-]+\.)+/.test(value) ? SURE : HINT)
}

/** Code to be included: what the application would add is cut off, or a program is fetched by a parameter that includes. */
const included = (value: string, tail: string, name: string, authority: string, add: Add): void => {
  const lower = name.toLowerCase()
  const strict =
    STRICT.has(lower) ||
    /(?:^|[_.[-])(?:root|path|dir|include|inc|file|page|template|config|module|plugin|lib|class(?:es)?)(?:[_.\]-]?(?:path|dir|root|file|name))?\]?$/i.test(
      lower,
    )
  const includes = strict || INCLUDE.has(lower)
  if (/\?+$/.test(tail) || /%00|\x00$/.test(value)) add('remote_inclusion', SURE)
  else if (/\.(?:php\d?|phtml|txt|inc|asp|jsp|pl|sh|dat|gif|jpe?g|png)\?+/i.test(tail) && includes && !/=./.test(tail))
    add('remote_inclusion', SURE)
  else if (
    includes &&
    /\.(?:php\d?|phtml|txt|inc|sh|ps1|exe|jar|class|elf|py|pl|dat|bin|hta|vbs|bat|dll|xsl|xslt|dtd|wsdl|jsp|aspx?)$/i.test(
      tail,
    ) &&
    !/^(?:url|uri|link|redirect|return|next|continue|callback|source|src|target|reference|location|host|home|site|out|goto|go|u|id|q|s|r|to|x|p|f)$/.test(
      lower,
    )
  )
    add('remote_inclusion', SURE)
  else if (strict && !/^(?:page|doc|document|file|files|filename|template|schema)$/.test(lower))
    add('remote_inclusion', SURE)
  else if (strict)
    add(
      'remote_inclusion',
      /^(?:www\.)?[\w-]+\.(?:gov|edu)\.vn$/.test(authority)
        ? HINT
        : tail.length < 2 || !/\.(?:html?|pdf|docx?|xlsx?|jpe?g|png|gif|mp4)$/i.test(tail)
          ? SURE
          : HINT,
    )
}

/** Whether a value could be an address, by its signs: prose and numbers are none. */
export const mayBeAddress = (value: string, signs: number, name: string): boolean =>
  (signs & (S.COLON | S.SQUARE | S.BACKSLASH | S.QUESTION)) !== 0 ||
  ((signs & (S.DOT | S.SLASH)) !== 0 && ((signs & S.SPACE) === 0 || value.includes('//'))) ||
  /^localhost/i.test(value) ||
  ((signs & S.HIGH) !== 0 && /[\u2460-\u24ff\uff00-\uff5e]/.test(value)) ||
  (/^\d/.test(value) && HOSTED.test(name))

export const address = (value: string, name: string, add: Add): void => {
  if (/^(?:file|ftps?|https?)[^\s?]{0,4000}\?+$/i.test(value)) add('remote_inclusion', SURE)
  const found = SCHEME.exec(value)
  const relative = !found && /^(?:\/\/|\\\\|\/\\)[\w[\u2460-\u24ff]/.test(value)
  const scheme = found ? found[1]!.toLowerCase() : 'http'
  const isHost = found !== null && !found[2] && /^\d{1,5}(?:[/?#]|$)/.test(value.slice(found[0].length))
  if ((!found && !relative) || isHost) {
    bare(value, name, add)
    return
  }
  if (
    found &&
    ODD.has(scheme) &&
    (found[2] !== '' || /^(?:jar|netdoc|gopher|dict|php|phar|jdbc|corbaloc|mhtml)$/.test(scheme))
  )
    add(
      'odd_scheme',
      USUAL.has(scheme) && !/^(?:file|unix)$/.test(scheme)
        ? INCLUDE.has(name.toLowerCase()) && !/^(?:data|view-source|about|news|feed|sip|s3|gs)$/.test(scheme)
          ? SURE
          : HINT
        : SURE,
    )
  if (found && !/^(?:https?|ftps?|url|wss?|gopher|dict|ldaps?|tftp|sftp|smb|ssh)$/.test(scheme)) return
  const rest = value.slice(found ? found[0].length : 2)
  const authority = /^[^/?#\\\s]*/.exec(rest)![0]
  const at = authority.lastIndexOf('@')
  if (at > 0 && /[.:]/.test(authority.slice(0, at))) add('address_with_user', SURE)
  const host = plainHost(authority)
  const sort = sortOf(host)
  if (sort === 'metadata') add('metadata_address', SURE)
  else if (sort === 'inside') add('inside_address', SURE)
  else if (sort === 'literal') add('address_literal', SURE)
  else if (sort === 'callback') add('callback_host', SURE)
  const spelled = ipv4Of(host)
  if (spelled && (host.split('.').length !== 4 || /(?:^|\.)0[0-7x]/.test(host))) add('address_disguised', SURE)
  if (/[\u2460-\u24ff\uff00-\uff5e]/.test(authority)) add('address_disguised', SURE)
  const lower = value.toLowerCase()
  if (RAW.some((each) => lower.includes(`//${each}`)) && INCLUDE.has(name.toLowerCase())) add('remote_inclusion', SURE)
  if (/^(?:https?|ftps?|smb|url)$/.test(scheme) && (found || value.startsWith('\\\\')))
    included(value, rest.slice(authority.length), name, host, add)
}
