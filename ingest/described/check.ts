/** A file that describes a parser, read and checked: every error with file, line and column, and what to do. */
import { LineCounter, parseDocument } from 'yaml'
import { FIELDS, fieldOf } from '../event.ts'
import { expectedOf } from '../expected.ts'
import { ALLOWED } from '../parsers/ecs_values.ts'
import { parsers } from '../parsers/index.ts'
import { isDeclared } from '../row/handles.ts'
import { description, type Description, PAIRS, TIME, targetsOf } from './described.ts'
import { wrongFormat } from './moment.ts'
import { patternOf, WrongPattern } from './pattern.ts'

/** Fields of ECS (https://www.elastic.co/docs/reference/ecs/ecs-field-reference) that no parser of the program says, and a described one may. */
const MORE: ReadonlySet<string> = new Set(
  `message tags client.ip client.port client.address client.domain server.ip server.port server.address server.domain error.code error.type
event.module event.provider event.sequence event.risk_score host.id host.ip host.os.name file.extension file.hash.md5 file.hash.sha1 file.hash.sha256
file.path file.type group.id group.name http.request.id http.request.mime_type http.response.mime_type log.logger organization.unit
process.command_line process.executable process.name process.pid service.id service.name service.type service.version session.id source.mac
destination.mac threat.indicator.ip tls.version tls.cipher trace.id transaction.id span.id url.fragment url.username user.email user.full_name
user.id user.roles user.target.name user.target.id user.effective.name vulnerability.id email.from.address email.to.address email.subject`.split(
    /\s+/,
  ),
)
const isKnown = (name: string): boolean =>
  fieldOf(name) !== undefined || MORE.has(name) || (isDeclared(name) && ECS.test(name))
const ECS =
  /^(?:@timestamp|(?:client|cloud|container|destination|dns|email|error|event|file|group|host|http|icmp|log|network|observer|process|rule|server|service|source|threat|tls|url|user|user_agent|vulnerability)\.[a-z0-9_.]+)$/
/** What the program says itself. */
const REFUSED =
  /^(?:vonglau|organization|portal|system|related)\.|^event\.(?:id|ingested|original|dataset)$|\.(?:prefix|organization\.id|network\.name)$/

/** How many letters part two names (Levenshtein), at most 3. */
const apart = (a: string, b: string): number => {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let k = 1; k <= b.length; k++)
      next.push(Math.min(row[k]! + 1, next[k - 1]! + 1, row[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1)))
    row = next
  }
  return Math.min(3, row.at(-1)!)
}
const near = (name: string): string => {
  const all = [...FIELDS.map((field) => field.name), ...MORE]
  const found =
    all.find((each) => apart(each, name) < 3) ?? all.find((each) => each.endsWith(`.${name.split('.').at(-1)}`))
  return found === undefined ? '' : ` (is ${found} meant?)`
}
/** What is wrong with a field's name. */
const wrongField = (name: string, id: string): string | undefined => {
  if (REFUSED.test(name)) return `${name} is said by Vọng Lâu itself: choose another field`
  if (
    isKnown(name) ||
    /^labels\.\w{1,60}$/.test(name) ||
    (name.startsWith(`${id}.`) && /^[a-z0-9_.]{1,120}$/.test(name))
  )
    return undefined
  return `${name} is no field of ECS${near(name)}; what ECS has no field for stands under the parser's own name, ${id}.${name.toLowerCase().replaceAll(/[^a-z0-9_.]+/g, '_')}`
}
const zoneIsWrong = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return false
  } catch {
    return true
  }
}
type Path = readonly (string | number)[]

/** Reads a description. `file` is for errors only. Throws a sentence. */
export const readDescription = (source: string, file: string): Description => {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines })
  const fail = (offset: number, sentence: string): never => {
    const { line, col } = lines.linePos(offset)
    throw new Error(`${file}:${line}:${col}: ${sentence}`)
  }
  const broken = document.errors[0]
  if (broken) fail(broken.pos[0], `not YAML: ${broken.message.split('\n')[0]!.replace(/ at line \d+.*$/, '')}`)
  /** Where what stands at a path begins, or the nearest around it that there is. */
  const offsetOf = (path: Path): number => {
    for (let n = path.length; n > 0; n--) {
      const node = document.getIn(path.slice(0, n), true) as { range?: readonly number[] } | undefined
      if (node?.range) return node.range[0]!
    }
    return 0
  }
  const wrong = (path: Path, sentence: string, beyond = 0): never =>
    fail(offsetOf(path) + beyond, `${path.join('.')}: ${sentence}`)
  const parsed = description.safeParse(document.toJS() ?? {})
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const key = issue.code === 'unrecognized_keys' ? issue.keys[0]! : undefined
    const path = [...(issue.path as (string | number)[]), ...(key === undefined ? [] : [key])]
    return wrong(
      path,
      key === undefined
        ? `expected ${expectedOf(issue).en}`
        : 'there is no such key; ingest/parsers/README.md lists them',
    )
  }
  const all = parsed.data
  if (parsers.has(all.id)) wrong(['id'], `${all.id} is a parser that comes with the program: choose another id`)
  const checkField = (path: Path, name: string) => {
    const reason = wrongField(name, all.id)
    if (reason !== undefined) wrong(path, reason)
  }
  const checkTime = (path: Path, time: Description['time']) => {
    const reason = time?.format === undefined ? undefined : wrongFormat(time.format)
    if (reason !== undefined) wrong([...path, 'format'], reason)
    if (time?.zone !== undefined && zoneIsWrong(time.zone))
      wrong([...path, 'zone'], 'expected an IANA time zone such as Asia/Ho_Chi_Minh')
  }
  const checkConstants = (path: Path, constants: Description['constants']) => {
    for (const [name, value] of Object.entries(constants ?? {})) {
      checkField([...path, name], name)
      const allowed = ALLOWED[name]
      const odd = allowed && [value].flat().find((one) => !allowed.has(String(one)))
      if (odd !== undefined)
        wrong([...path, name], `${String(odd)} is not among what ECS allows: ${[...allowed!].join(', ')}`)
      const type = fieldOf(name)?.type
      if ((type === 'long' || type === 'date') && typeof value !== 'number') wrong([...path, name], 'expected a number')
      if (type === 'keyword' && (typeof value === 'number' || typeof value === 'boolean'))
        wrong([...path, name], `expected a text: write "${String(value)}" in quotes`)
    }
  }
  checkTime(['time'], all.time)
  checkConstants(['constants'], all.constants)
  for (const [i, each] of all.read.entries()) {
    const path = ['read', i]
    const kinds = (['pattern', 'json', 'csv', 'pairs'] as const).filter((kind) => each[kind] !== undefined)
    if (kinds.length !== 1 && kinds.join(' ') !== 'pattern pairs')
      wrong(path, 'expected exactly one of pattern:, json:, csv: and pairs:, or pairs: beside a pattern:')
    if (each.pattern !== undefined) {
      try {
        patternOf(each.pattern)
      } catch (error) {
        if (!(error instanceof WrongPattern)) throw error
        // Of a text in plain or single quotes the character is where it says; of others where the text begins.
        wrong([...path, 'pattern'], error.message, source[offsetOf([...path, 'pattern'])] === "'" ? error.at + 1 : 0)
      }
    }
    const captured = each.pattern === undefined ? [] : patternOf(each.pattern).names
    if (each.pairs && each.pattern !== undefined && !captured.includes(PAIRS))
      wrong([...path, 'pattern'], 'the pattern does not say where the pairs stand: name that part (?<pairs>.*)')
    const odd = Object.keys(each.pairs ?? {}).find((key) => !/^[A-Za-z0-9_.-]{1,60}$/.test(key))
    if (odd !== undefined)
      wrong([...path, 'pairs', odd], 'a key before "=" has letters, digits, "_", "." and "-", at most 60')
    const twice = Object.keys(each.pairs ?? {}).find((key) => captured.includes(key))
    if (twice !== undefined)
      wrong([...path, 'pairs', twice], 'the pattern has a field of this name: take it from one of them')
    for (const name of Object.keys(each.as ?? {}))
      if (each.pattern === undefined || !patternOf(each.pattern).names.includes(name))
        wrong([...path, 'as', name], 'the pattern has no such field')
    for (const [name, { field, kind }] of targetsOf(each)) {
      if (name === '-' && each.csv) continue
      if ((kind === 'side' || kind === 'endpoint') && !/^(?:source|destination)\.ip$/.test(field))
        wrong(path, `${field}: ${kind} is of source.ip and destination.ip`)
      checkField(
        each.json
          ? [...path, 'json', name]
          : each.pairs && Object.hasOwn(each.pairs, name)
            ? [...path, 'pairs', name]
            : each.csv
              ? [...path, 'csv', each.csv.findIndex((said) => (typeof said === 'string' ? said : said.field) === name)]
              : [...path, 'pattern'],
        field,
      )
    }
    const times = targetsOf(each).filter(([, { field }]) => field === TIME)
    if (times.length > 1) wrong(path, '@timestamp is said twice: an event has one')
    checkTime([...path, 'time'], each.time)
    checkConstants([...path, 'constants'], each.constants)
  }
  for (const [i, { when, say }] of (all.cases ?? []).entries()) {
    for (const name of Object.keys(when)) checkField(['cases', i, 'when', name], name)
    checkConstants(['cases', i, 'say'], say)
  }
  return all
}
