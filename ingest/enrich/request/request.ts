/**
 * What a web request says, by its structure: decoded as a server would, cut into path and parameters, and each part read as the
 * languages read it that an attacker writes. The answer is names in `FIELDS`: computed when asked, never stored, for a mended
 * analyser has to change what is said of old events too.
 */
import { Recent } from '../../computed/remembered.ts'
import { address, mayBeAddress } from './addresses.ts'
import { LONGEST } from './bounds.ts'
import { code } from './code/code.ts'
import { phpName, setting } from './code/php.ts'
import { type Leaf, type Parameter, parameterOf, parametersOf, type Part, partsOf } from './cut.ts'
import { decode, type Decoded } from './decode.ts'
import { dotValue, privateFile, systemFile, traversal } from './files.ts'
import { type Add, Findings, HINT, type Kind, KINDS, type Place, SURE } from './findings.ts'
import { ALL, CODE, gatesOf, HTML, INJECTION, SCRIPT, SHELL, SQL } from './gates.ts'
import { html } from './html.ts'
import { injection, operatorName } from './injection.ts'
import { alike, LONGEST_KEY, parameterAlike } from './quiet.ts'
import { type Came, cameFrom, client, isSession, protocol, repeats, session } from './requester.ts'
import { script } from './script.ts'
import { commandParameter, shell } from './shell/shell.ts'
import * as S from './signs.ts'
import { sql } from './sql/sql.ts'

/** Of an event, as its fields say it. */
export interface Asked {
  /** Path and query, or a whole address, as it stands in the line. */
  readonly target?: string | undefined
  readonly method?: string | undefined
  readonly version?: string | undefined
  readonly referrer?: string | undefined
  readonly agent?: string | undefined
  /** The portal's own name. */
  readonly host?: string | undefined
}

/** Names of the fields, each a list of names; `request.truncated` is true or absent. */
export const FIELDS: readonly string[] = [
  ...KINDS.flatMap((kind) => [`request.${kind}`, `request.${kind}_hint`]),
  'request.place',
  'request.truncated',
]

/** Whatever must be the whole value to work is none in a sentence: a command line, a file's path, a bare call. */
const WHOLE = new Set(
  'command_line hidden_command environment_variable system_file script_function php_call python_object node_module glob_command windows_path php_superglobal code_eval ruby_call loop windows_command call_by_text'.split(
    ' ',
  ),
)
const JOINING =
  /(?:^|\s)(?:the|of|to|is|are|and|in|a|an|for|not|with|that|this|does|did|was|now|can|it|on|by|from|as|be|or|và|của|là|cho|các|không|được|trong|có|với|hoặc|theo|từ|về|những|một|này|khi|đã|sẽ|thì|mà|ở|bị|do|để|va|cua|cho|cac|khong|duoc|voi|hoac|theo|nhung|mot|nay|khi|se|thi|bi|de)(?=[\s,.]|$)/gi
const isSentence = (text: string): boolean =>
  text.length > 30 && text.trim().split(/\s+/, 7).length >= 6 && (text.match(JOINING)?.length ?? 0) >= 2

/** Blanks without end say no more than a few, and every expression that passes over blanks would pass over them again and again. */
const BLANKS = /\s{9,}/
const squeezed = (text: string): string =>
  BLANKS.test(text)
    ? text.replace(/\s{9,}/g, (run) => (/[\r\n]/.test(run) ? `\n${' '.repeat(7)}` : ' '.repeat(8)))
    : text

class Analysis {
  readonly found = new Findings()
  readonly #place: Place
  readonly #gated: boolean
  readonly #host: string | undefined
  readonly #adders = new Map<Kind, Add>()
  /** Something was passed over for it is the portal's own: of another portal it may not be. */
  #own = false

  constructor(place: Place, host: string | undefined, gated: boolean) {
    this.#place = place
    this.#host = host
    this.#gated = gated
  }
  add(kind: Kind): Add {
    let add = this.#adders.get(kind)
    if (!add) this.#adders.set(kind, (add = this.found.adder(kind, this.#place)))
    return add
  }
  /** In a sentence what would have to be the whole value is a hint. */
  #damped(kind: Kind, sentence: () => boolean): Add {
    const add = this.add(kind)
    return (name, strength) => add(name, strength === SURE && WHOLE.has(name) && sentence() ? HINT : strength)
  }

  /** What any text may hold. `place`: where it stands in its part of the request. */
  text(whole: string, raw: string, place: Place): void {
    if (whole.length > LONGEST) this.found.truncated = true
    const value = squeezed(whole)
    const signs = signsOf(value)
    const gates = this.#gated ? gatesOf(value, raw, signs) : ALL
    if (gates === 0) return
    let said: boolean | undefined
    const sentence = (): boolean => (said ??= isSentence(value))
    const own = place === 'path' && !/['"(;`<\s|*]/.test(value)
    if (gates & SQL && !own) sql(value, this.#damped('sql', sentence))
    if (gates & SHELL && !own) shell(value, place, this.#damped('shell', sentence))
    if (gates & HTML) html(value, raw, this.#damped('html', sentence))
    if (gates & SCRIPT) script(value, this.#damped('html', sentence))
    if (gates & CODE) code(value, this.#damped('code', sentence))
    if (gates & INJECTION) injection(value, place, this.#damped('injection', sentence))
  }
  both({ once, deep }: Decoded, raw: string, place: Place): void {
    this.text(once, raw, place)
    if (deep !== once) this.text(deep, raw, place)
  }

  value(name: string, value: Decoded, raw: string, place: Place): void {
    const { once, deep } = value
    if (once === '') return
    if (once.length > 255 && repeats(once)) this.add('protocol')('repetition', SURE)
    if (deep.length <= 60) phpName(deep, this.add('code'))
    this.both(value, raw, place)
    const signs = S.signsOf(deep) | S.signsOf(once)
    const sentence = (): boolean => isSentence(deep)
    const files = this.#damped('file', sentence)
    if (signs & S.DOT || deep.includes('0x2')) traversal(raw, once, deep, false, files)
    if (signs & (S.SLASH | S.BACKSLASH | S.DOT | S.CONTROL)) {
      systemFile(deep, false, files)
      this.#file(name, deep, signs)
    }
    if (!this.#gated || mayBeAddress(deep, signs, name)) address(deep, name, this.#outward(deep))
    commandParameter(name, deep, this.add('shell'))
  }
  /** Addresses of the portal itself are its own affair. */
  #outward(value: string): Add {
    const host = this.#host
    const add = this.#damped('address', () => isSentence(value))
    if (host === undefined) return add
    const own = value.toLowerCase().replace(/^(?:https?:)?\/\//, '')
    if (!own.startsWith(host) || !/^(?:[:/?#]|$)/.test(own.slice(host.length))) return add
    this.#own = true
    return () => {}
  }
  /** A value that names a file: of a user, of a program, or beside what is published. */
  #file(name: string, deep: string, signs: number): void {
    if (!(signs & S.DOT) || deep.length > 300 || /\s/.test(deep.trim())) return
    if (dotValue(deep)) this.add('file')('dot_file', /^https?:/i.test(deep) ? HINT : SURE)
    if (
      signs & S.SLASH &&
      /^(?:file|path|page|doc|document|download|f|name|filename|src|dir|include|template|tpl|view|load|read)$/i.test(
        name,
      ) &&
      /(?:^|\/)(?:wp-config\.php|web\.config|config(?:uration)?\.(?:php|inc\.php)|\.env|settings\.py|database\.yml|application\.(?:properties|yml)|web\.xml)$/i.test(
        deep,
      )
    )
      this.add('file')('private_name', SURE)
  }

  name(name: string): void {
    if (name === '') return
    if (name.includes('$')) operatorName(name, this.add('injection'))
    if (!/^[\w.[\]-]*$/.test(name)) this.text(name, name, 'name')
    else if (/__|prototype|class|java|process|constructor/i.test(name)) code(`${name}.x`, this.add('code'))
    if (name.includes('..')) traversal(name, name, name, false, this.add('file'))
  }
  parameter(parameter: Parameter, place: Place): void {
    const { name, raw, bare } = parameter
    this.name(name)
    if (!bare && /[._]/.test(name)) setting(name, this.add('code'))
    if (parameter.json) for (const leaf of parameter.json) this.#leaf(leaf, place)
    else this.value(name, parameter, raw, place)
    if (parameter.base64) this.both(parameter.base64, raw, place)
  }
  #leaf({ name, value }: Leaf, place: Place): void {
    operatorName(name, this.add('injection'))
    if (!/^[\w.-]*$/.test(name)) this.text(name, name, 'name')
    if (name === '@type' || name === '$type') this.add('code')('serialized_object', SURE)
    if (name === '__proto__') this.add('code')('prototype', SURE)
    if (value !== '') this.value(name, { once: value, deep: decode(value, false).deep, marks: 0 }, value, place)
  }

  /** What a path says by itself, and its parts. */
  path(rawPath: string, { once, deep }: Decoded, published: boolean): void {
    const files = this.add('file')
    const signs = S.signsOf(deep)
    if (signs & S.DOT || deep.includes('0x2')) traversal(rawPath, once, deep, true, files)
    if (published) privateFile(deep, files)
    systemFile(deep, true, files)
    if (once !== deep || signs & ~PLAIN_PATH) {
      this.text(once, rawPath, 'path')
      if (deep !== once) this.text(deep, rawPath, 'path')
      for (const part of deep.split('/', 40))
        if (part.length > 3 && part.length < 4000 && !/^[\w.~-]*$/.test(part)) this.text(part, part, 'path')
    } else if (deep.includes('__') || deep.includes('..')) this.text(deep, rawPath, 'path')
    if (signs & S.UNDERSCORE || deep.includes('php'))
      for (const part of deep.split('/', 40))
        if (part.length > 5 && !part.includes('.')) phpName(part, this.add('code'))
    if (signs & S.COLON && /\/https?:\/|:\/\//.test(deep))
      address(deep.replace(/^\/+(?=\w+:)/, ''), '', this.add('address'))
  }
  /** `came` is asked only where a session stands in the address. */
  parameters(query: string, came: () => Came, place: 'query' | 'referrer'): number {
    const { parts, truncated } = parametersOf(query)
    if (truncated) this.found.truncated = true
    let marks = 0
    for (const part of parts) marks |= this.#part(part, came, place)
    return marks
  }
  #part(part: Part, came: () => Came, place: 'query' | 'referrer'): number {
    const { whole, name } = part
    const quiet = this.#gated && whole !== undefined && whole.length <= LONGEST_KEY ? QUIET[place] : undefined
    const key = quiet && parameterAlike(whole!, part.bare ? -1 : name.length)
    const known = quiet?.get(key!)
    if (known !== undefined) return known
    const before = this.found.told
    const parameter = parameterOf(part)
    this.parameter(parameter, place)
    const named = parameter.name || parameter.once
    if (isSession(named, parameter.once)) session(named, parameter.once, came(), this.add('session'))
    else if (this.found.told === before && !this.#own) quiet?.set(key!, parameter.marks)
    return parameter.marks
  }
}
/** Marks of parameters in which nothing was found, by where they stood. */
const QUIET = { query: new Recent<number>(), referrer: new Recent<number>() }
const { signsOf } = S
const PLAIN_PATH = S.SLASH | S.DOT | S.DASH | S.UNDERSCORE | S.HIGH | S.PLUS | S.AT | S.TILDE | S.SPACE | S.PERCENT

/** What a browser's name does not hold. */
const ODD_AGENT =
  /['"`<${|&\\%=*]|\(\)|\w\(|\.\.\/|\/(?:etc|bin|proc|tmp|dev|usr|var|sbin)\/|\b(?:sleep|select|union|system|javascript|waitfor|benchmark|passwd|exec|eval)\b|[\r\n]/i
const agentOf = (agent: string, gated: boolean): Findings => {
  const it = new Analysis('user_agent', undefined, gated)
  client(agent, it.add('client'))
  if (agent.length < 100 && !agent.startsWith('Mozilla/')) phpName(agent, it.add('code'))
  const decoded = decode(agent, false)
  if (ODD_AGENT.test(agent) || decoded.deep !== agent) {
    it.both(decoded, agent, 'user_agent')
    systemFile(decoded.deep, false, it.add('file'))
  } else if (!agent.startsWith('Mozilla/')) shell(agent, 'user_agent', it.add('shell'))
  return it.found
}
/** What was found in texts that come again and again: paths, referrers, names of browsers. */
const LONGEST_REMEMBERED = 1024
const memoOf = <T>(make: (text: string, gated: boolean) => T) => {
  const known = new Recent<T>()
  return (text: string, gated: boolean): T => {
    if (!gated || text.length > LONGEST_REMEMBERED) return make(text, gated)
    let found = known.get(text)
    if (found === undefined) known.set(text, (found = make(text, gated)))
    return found
  }
}
interface Path {
  readonly deep: string
  readonly marks: number
  readonly found: Findings
}
const pathOf =
  (place: 'path' | 'referrer') =>
  (whole: string, gated: boolean): Path => {
    const raw = whole.slice(0, LONGEST)
    const it = new Analysis(place, undefined, gated)
    if (raw.length < whole.length) it.found.truncated = true
    const decoded = decode(raw, false)
    it.path(raw, decoded, place === 'path')
    return { deep: decoded.deep, marks: decoded.marks, found: it.found }
  }
/** `read`: as `pathOf`. Paths in which nothing was found, and which hold no parameters, are remembered by what they share. */
const pathsOf = (read: (whole: string, gated: boolean) => Path) => {
  const quiet = new Recent<Path>()
  return (path: string, gated: boolean): Path => {
    if (!gated || path.length > LONGEST_KEY) return read(path, gated)
    const key = alike(path)
    const known = quiet.get(key)
    if (known !== undefined) return known
    const found = read(path, gated)
    if (found.found.isEmpty && !found.deep.includes(';')) quiet.set(key, found)
    return found
  }
}
const pathFound = pathsOf(memoOf(pathOf('path')))
const referrerPath = pathsOf(pathOf('referrer'))

const referrerOf = (referrer: string, gated: boolean): Findings => {
  const origin = /^[a-z][a-z0-9+.-]{0,20}:\/\/[^/?#]*/i.exec(referrer)
  const it = new Analysis('referrer', undefined, gated)
  if (origin || referrer.startsWith('/')) {
    const { path, query } = partsOf(referrer.slice(origin?.[0].length ?? 0) || '/')
    it.found.take(referrerPath(path, gated).found)
    it.parameters(query, () => undefined, 'referrer')
  } else it.both(decode(referrer, false), referrer, 'referrer')
  return it.found
}
const agentFound = memoOf(agentOf)
const referrerFound = memoOf(referrerOf)

const ABSOLUTE = /^[a-z][a-z0-9+.-]{0,20}:\/\/([^/?#]*)/i
const targetOf = (
  target: string,
  host: string | undefined,
  came: () => Came,
  gated: boolean,
): { found: Findings; marks: number } => {
  const absolute = target.charCodeAt(0) === 47 ? null : ABSOLUTE.exec(target)
  const it = new Analysis('query', host ?? hostOf(absolute?.[1]), gated)
  const { path, query } = partsOf(absolute ? target.slice(absolute[0].length) || '/' : target)
  const { deep, marks, found } = pathFound(path, gated)
  const all = marks | it.parameters(query, came, 'query')
  // ;jsessionid=… in the path
  if (deep.includes(';'))
    for (const [, name, value] of deep.matchAll(/;\s{0,9}([\w.-]{1,60})=([^;/]{1,200})/g))
      session(name!, value!, came(), it.found.adder('session', 'path'))
  it.found.take(found)
  return { found: it.found, marks: all }
}
const hostOf = (name: string | undefined): string | undefined =>
  name?.includes(':') ? name.toLowerCase().replace(/:\d+$/, '') : name?.toLowerCase()

/** `gated: false` asks every analyser of everything, and remembers nothing: what it finds must be the same. */
export const analyse = ({ target, method, version, referrer, agent, host }: Asked, gated = true): Findings => {
  const own = hostOf(host)
  const asked = target === undefined ? undefined : targetOf(target, own, () => cameFrom(target, referrer, own), gated)
  const all = asked?.found ?? new Findings()
  if (asked) protocol({ method, version, target: target! }, asked.marks, all.adder('protocol', 'query'))
  if (agent !== undefined && agent !== '-') all.take(agentFound(agent, gated))
  if (referrer !== undefined && referrer !== '-') all.take(referrerFound(referrer, gated))
  return all
}
