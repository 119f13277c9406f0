/** Statements: does what begins at a word go on as its manual says? "update your profile" does not. */
import { facts } from './facts.ts'
import type { Reader } from './reader.ts'

const OBJECTS =
  'table database user view function procedure proc index schema login role trigger or alias temp temporary extension language session sequence event type column server unique aggregate materialized global external package synonym domain rule tablespace keyspace credential credentials assembly endpoint queue service certificate foreign operator policy profile directory library java if'.split(
    ' ',
  )
type Shape = (r: Reader, next: number) => boolean
const ends = (r: Reader, i: number): boolean => r.k[i] === undefined || r.k[i] === ';' || r.k[i] === 'c'
const word = (r: Reader, i: number): boolean => r.k[i] === 'w'
const object: Shape = (r, i) => r.is(i, ...OBJECTS) && r.k[i + 1] !== undefined

const EXECUTE: Shape = (r, i) => {
  const kind = r.k[i]
  if (kind === 's' || kind === '(' || kind === 'v' || kind === '[') return true
  return (
    kind === 'w' &&
    (/^(?:xp|sp|master|immediate|sys|dbms|utl|msdb|dbo|tempdb|rdsadmin)/.test(r.v[i]!) ||
      r.k[i + 1] === '.' ||
      r.k[i + 1] === 's')
  )
}
const GRANT: Shape = (r, i) => word(r, i) && r.v.slice(i, i + 12).some((v) => v === 'to' || v === 'on' || v === 'from')
const SHOWN =
  'tables databases columns fields index indexes keys grants variables status processlist create table full schemas users master slave replica binary engine engines plugins privileges procedure function triggers warnings errors character collation global session open events'.split(
    ' ',
  )

const SHAPES: { readonly [word: string]: Shape } = {
  select: (r, i) => r.selects(i - 1) !== 'no',
  insert: (r, i) => r.is(i, 'into', 'ignore', 'low_priority', 'delayed') && word(r, i + 1),
  replace: (r, i) => r.is(i, 'into') && word(r, i + 1),
  update: (r, i) => word(r, i) && r.is(r.name(i)[1], 'set'),
  delete: (r, i) => r.is(i, 'from') && (word(r, i + 1) || r.k[i + 1] === '['),
  drop: object,
  alter: object,
  create: object,
  truncate: (r, i) => object(r, i) || (word(r, i) && (r.k[i + 1] === ';' || r.k[i + 1] === 'c')),
  exec: EXECUTE,
  execute: EXECUTE,
  declare: (r, i) => r.k[i] === 'v' || (word(r, i) && word(r, i + 1)),
  waitfor: (r, i) => r.is(i, 'delay', 'time'),
  shutdown: (r, i) => ends(r, i) || r.is(i, 'with', 'immediate', 'abort', 'normal'),
  begin: (r, i) =>
    (word(r, i) && !word(r, i + 1)) || r.k[i] === 's' || r.is(i, 'declare', 'dbms_lock', 'transaction', 'tran'),
  do: (r, i) => (word(r, i) && !word(r, i + 1)) || r.k[i] === 's',
  call: (r, i) => word(r, i) && (r.k[i + 1] === '(' || r.k[i + 1] === '.'),
  grant: GRANT,
  revoke: GRANT,
  set: (r, i) =>
    r.k[i] === 'v' ||
    (word(r, i) && (r.sign(i + 1, '=') || r.sign(i + 1, ':='))) ||
    r.is(i, 'global', 'session', 'identity_insert', 'xact_abort', 'nocount', 'rowcount'),
  if: (r, i) => r.k[i] === '(' || r.is(i, 'exists') || (r.is(i, 'not') && r.is(i + 1, 'exists')),
  while: (r, i) => r.k[i] === '(' && r.is(r.group(i, facts(), 0), 'begin', 'select', 'set', 'waitfor'),
  copy: (r, i) => (word(r, i) && (r.k[i + 1] === '(' || r.is(i + 1, 'from', 'to'))) || r.k[i] === '(',
  vacuum: (r, i) => r.k[i] === undefined || r.is(i, 'into', 'full', 'analyze'),
  attach: (r, i) => r.is(i, 'database') || r.k[i] === 's',
  detach: (r, i) => r.is(i, 'database'),
  handler: (r, i) => word(r, i) && r.is(i + 1, 'open', 'read'),
  rename: (r, i) => r.is(i, 'table', 'user', 'column'),
  load: (r, i) =>
    r.is(i, 'data', 'xml') && (r.is(i + 1, 'infile', 'local', 'low_priority', 'concurrent') || r.k[i + 1] === 's'),
  backup: (r, i) => r.is(i, 'database', 'log'),
  restore: (r, i) => r.is(i, 'database', 'log'),
  bulk: (r, i) => r.is(i, 'insert'),
  prepare: (r, i) => word(r, i) && r.is(i + 1, 'from', 'as'),
  deallocate: (r, i) => r.is(i, 'prepare') || (word(r, i) && ends(r, i + 1)),
  reconfigure: (r, i) => ends(r, i) || r.is(i, 'with'),
  commit: ends,
  rollback: (r, i) => ends(r, i) || r.is(i, 'to', 'transaction', 'work'),
  savepoint: (r, i) => word(r, i) && ends(r, i + 1),
  pragma: (r, i) => word(r, i) && (ends(r, i + 1) || r.sign(i + 1, '=') || r.k[i + 1] === '('),
  analyze: (r, i) => word(r, i) && ends(r, i + 1),
  describe: (r, i) => word(r, i) && ends(r, i + 1),
  desc: (r, i) => word(r, i) && ends(r, i + 1),
  explain: (r, i) => r.is(i, 'select', 'analyze', 'plan', 'extended', 'query') || (word(r, i) && ends(r, i + 1)),
  show: (r, i) =>
    r.is(i, ...SHOWN) &&
    (ends(r, i + 1) || r.is(i + 1, 'from', 'like', 'where', 'status', 'table', 'tables', 'logs', 'set')),
  merge: (r, i) => r.is(i, 'into') && word(r, i + 1),
  raiserror: (r, i) => r.k[i] === '(',
  dbcc: (r, i) => word(r, i),
  kill: (r, i) => r.k[i] === 'n' && ends(r, i + 1),
  use: (r, i) => word(r, i) && r.k[i + 1] === ';',
  print: (r, i) => r.k[i] === 'v',
  lock: (r, i) => r.is(i, 'table', 'tables') && word(r, i + 1),
  import: (r, i) => r.is(i, 'foreign') && r.is(i + 1, 'schema'),
  table: (r, i) => word(r, i) && ends(r, i + 1) && r.k[i + 1] !== undefined,
  values: (r, i) => r.k[i] === '(' || r.is(i, 'row'),
  with: (r, i) => word(r, i) && r.is(i + 1, 'as') && r.k[i + 2] === '(',
  checkpoint: ends,
  discard: (r, i) => r.is(i, 'all'),
  notify: (r, i) => word(r, i) && r.k[i + 1] === ',',
}

/** Whether a statement stands at `i`. */
export const isStatement = (r: Reader, i: number): boolean => {
  const name = r.v[i]!
  return Object.hasOwn(SHAPES, name) && SHAPES[name]!(r, i + 1)
}
/** Statements that prose begins with too: behind a separator only. */
const EVERYDAY = new Set(
  'set if do begin prepare describe desc explain analyze show table values use print kill with copy call attach commit shutdown grant'.split(
    ' ',
  ),
)
/** Whether the statement holds what no sentence does. */
export const isSharp = (r: Reader, i: number): boolean => {
  const { tail, tailText } = r.tokens
  if (r.v[i] === 'waitfor' || (r.is(i, 'with') && r.k[i + 3] === '(')) return true
  if (EVERYDAY.has(r.v[i]!)) return false
  if (tail !== '' && tailText.trim().split(/\s+/).length <= 1) return true
  for (let n = i + 1; n < r.length; n++) {
    const [kind, value] = [r.k[n], r.v[n]!]
    if (kind === ';' || kind === '(' || kind === 'v') return true
    if (kind === 's' && r.k[n - 1] !== 'w' && r.k[n - 1] !== 'n') return true
    if (kind === 'o' && (value === '=' || value === '*')) return true
    if (kind === 'w' && /^(?:where|values|exists|xp_\w+|sp_\w+|dbms_\w+|utl_\w+|delay|immediate|cascade)$/.test(value))
      return true
  }
  return false
}

/** What stands behind union, except, intersect, minus; 'cut' where the value ends there. */
export const unionOf = (r: Reader, i: number): 'values' | 'select' | 'perhaps' | 'cut' | 'no' => {
  let at = r.past(i + 1)
  while (r.is(at, 'all', 'distinct', 'distinctrow') || r.k[at] === '(') at = r.past(at + 1)
  if (
    r.is(at, 'values', 'table') &&
    (r.k[at + 1] === '(' || r.is(at + 1, 'row') || (r.is(at, 'table') && ends(r, at + 2)))
  )
    return 'values'
  if (!r.is(at, 'select')) return 'no'
  const likeness = r.selects(at)
  if (likeness !== 'no') return likeness === 'list' ? 'select' : 'perhaps'
  const next = r.past(at + 1)
  if (next >= r.length) return 'cut'
  // Bare columns: a list by commas, or the end right behind one.
  if (r.k[next] === 'c' || r.k[next] === '{') return 'select'
  return r.k[next] === 'w' && (r.k[next + 1] === ',' || r.k[next + 1] === 'c' || r.k[next + 1] === undefined)
    ? 'select'
    : 'no'
}
