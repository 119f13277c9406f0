/** Who asks and how: scanners by what they call themselves, sessions in an address, what no browser sends. */
import { anyOf, DATA, listOf, setOf } from './data.ts'
import { OVERLONG, PERCENT_U, TWICE, FULL_WIDTH, BROKEN } from './decode.ts'
import { type Add, HINT, SURE } from './findings.ts'

const SCANNER = new RegExp(`(?:^|[^a-z])(?:${anyOf(listOf(DATA.clients.scanners))})(?![a-z])`, 'i')
const TRADE =
  /\b(?:fuzz(?:er|ing)?|exploit(?:er|ation)?|vuln(?:erability)?[\s-]*scan\w*|pentest\w*|pen[\s-]test\w*|web[\s-]*scanner|security[\s-]*scan\w*|brute[\s-]*force\w*|port[\s-]*scan\w*|network[\s-]*scan\w*)\b/i
export const client = (agent: string, add: Add): void => {
  if (SCANNER.test(agent) || TRADE.test(agent)) add('scanner', SURE)
}

const METHODS = new Set(
  'GET HEAD POST PUT DELETE OPTIONS PATCH PROPFIND REPORT MKCOL COPY MOVE LOCK UNLOCK PROPPATCH SEARCH MERGE CHECKOUT PURGE'.split(
    ' ',
  ),
)
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|%(?:0[0-8bcef]|1[0-9a-f]|7f)/i
export interface Said {
  readonly method: string | undefined
  readonly version: string | undefined
  readonly target: string
}
const VERSION = /^(?:HTTP\/)?(?:0\.9|1\.[01]|2(?:\.0)?|3(?:\.0)?)$/i
const oddMethod = (method: string, add: Add): void => {
  if (/^(?:TRACE|TRACK|CONNECT|DEBUG)$/.test(method)) add('odd_method', SURE)
  else if (!METHODS.has(method.toUpperCase())) add('odd_method', /^[A-Z]+$/.test(method) ? HINT : SURE)
}
export const protocol = ({ method, version, target }: Said, marks: number, add: Add): void => {
  if (method !== undefined && !METHODS.has(method)) oddMethod(method, add)
  if (version !== undefined && !VERSION.test(version)) add('odd_version', SURE)
  if (target.charCodeAt(0) !== 47 && /^(?:https?|ftp|gopher|file):\/\//i.test(target)) add('proxy_request', HINT)
  if (marks !== 0) encoded(marks, add)
  if (CONTROL.test(target)) {
    if (/%00|\x00/.test(target)) add('null_byte', SURE)
    else add('control_character', HINT)
  }
  if (target.length > 4000) add('long_target', HINT)
}
const encoded = (marks: number, add: Add): void => {
  if (marks & OVERLONG) add('overlong_encoding', SURE)
  if (marks & PERCENT_U) add('percent_u_encoding', HINT)
  if (marks & TWICE) add('double_encoding', HINT)
  if (marks & FULL_WIDTH) add('full_width', HINT)
  if (marks & BROKEN) add('bad_percent', HINT)
}

/** One character many times over: a buffer is tried. */
export const repeats = (text: string): boolean => {
  for (let i = 1, run = 1; i < text.length; i++) {
    run = text.charCodeAt(i) === text.charCodeAt(i - 1) ? run + 1 : 1
    if (run > 255) return true
  }
  return false
}

const SESSION = setOf(DATA.parameters.session)
const SESSION_LIKE =
  /sess(?:ion)?[-_.]?(?:id|key|hash|token)|^(?:php|asp|j|cf)\w*(?:sess|sid)|(?:^|[_.-])sess\w{0,4}id$|\wsess(?:ion)?(?:$|[-_.\d])|sid$|(?:auth|session|login|remember)[-_.]?(?:token|key|id|hash)$/
/** Words that only end alike. */
const OTHER =
  /^(?:inside|outside|beside|reside|preside|side|.*(?:reside|inside|outside|aside|product|process|business|assess|possess|access|success|progress)(?:sid)?)$/
export const isSession = (name: string, value: string): boolean => {
  const lower = name.toLowerCase()
  if (SESSION.has(lower)) return true
  if (OTHER.test(lower)) return false
  return SESSION_LIKE.test(lower) || (/^sess(?:ion)?$/.test(lower) && /^(?=.*\d)[\w-]{8,}$/.test(value))
}
/** Where a link came from, by the referrer: another site, the portal itself; undefined where nothing says so. */
export type Came = 'elsewhere' | 'own' | undefined
/** Within a site that keeps sessions in its addresses the referrer has one too. */
export const cameFrom = (target: string, referrer: string | undefined, host: string | undefined): Came => {
  if (referrer === undefined || referrer === '-') return undefined
  const from = /^https?:\/\/([^/?#]+)/i.exec(referrer)?.[1]?.toLowerCase().replace(/:\d+$/, '')
  if (from === undefined) return undefined
  if (from === host) return 'own'
  const name = /[?&;]([\w.-]{0,60}(?:sess|sid|session)[\w.-]{0,60})=/i.exec(target)?.[1]
  return name !== undefined && referrer.toLowerCase().includes(`${name.toLowerCase()}=`) ? 'own' : 'elsewhere'
}
/** A session's identity in the address: with a link from another site it is handed to a victim; with none a search engine may hold it. */
export const session = (name: string, value: string, came: Came, add: Add): void => {
  if ((value === '' && came === undefined) || !isSession(name, value)) return
  add('session_parameter', came === 'elsewhere' ? SURE : HINT)
}
