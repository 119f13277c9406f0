/** What may stand anywhere in a value that is read as SQL. */
import { type Add, HINT, SURE } from '../findings.ts'
import { call, condition, unopened } from './conditions.ts'
import { facts } from './facts.ts'
import type { Reader } from './reader.ts'
import { isSharp, isStatement, unionOf } from './statements.ts'
import { tell } from './tell.ts'
import { CLASSES, CLAUSES, COMPARE, LOGIC, STATEMENTS, TABLES, TYPES } from './words.ts'

const CONDITIONS = new Set('where having when on not rlike regexp if elseif and or xor'.split(' '))
const VARIABLES =
  /^@@(?:version|hostname|datadir|basedir|servername|servicename|global|session|language|spid|microsoftversion|port|tmpdir|plugin_dir|secure_file_priv|innodb\w*|pack_received|rowcount|identity|error|trancount|max_\w+|lower_case\w*|sql_mode|autocommit|cpu_busy|connections|options|dbts|langid|procid|nestlevel|remserver|have_\w+|log_\w+|character_set\w*|collation\w*|init_\w+|ssl_\w+|local_\w+)/

/** `start`: where what follows the application's text begins. */
export const scan = (r: Reader, text: string, start: number, from: number, quoted: boolean, add: Add): void => {
  const { k, v } = r
  const { tail, tailText, glued } = r.tokens
  const lastFrom = v.lastIndexOf('from')
  let spoken = false
  /** Behind it are words only. */
  let lastSign = r.length - 1
  while (lastSign >= 0 && k[lastSign] === 'w') lastSign--
  for (let i = start; i < r.length; i++) {
    const word = v[i]!
    switch (k[i]) {
      case 's':
        if (
          /^\s*[[{]/.test(word) &&
          k[i + 1] === 'o' &&
          v[i + 1] !== '?' &&
          COMPARE.has(v[i + 1]!) &&
          (k[i + 2] === 's' || r.is(i + 2, 'array'))
        )
          add('json_operator', SURE)
        continue
      case 'o':
        if (word === '::' && k[i + 1] === 'w' && TYPES.has(v[i + 1]!))
          add('cast', k[i - 1] !== undefined && 's)]n'.includes(k[i - 1]!) ? SURE : HINT)
        else if (word === '||' || word === '&&') condition(r, i, quoted, add)
        continue
      case ';': {
        const at = r.past(i + 1)
        if (k[at] === 'w' && STATEMENTS.has(v[at]!) && isStatement(r, at)) {
          if (v[at] === 'waitfor') add('time_delay', SURE)
          add('stacked_statement', SURE)
        }
        continue
      }
      case 'v':
        if (r.sign(i + 1, ':=')) add('variable_assignment', SURE)
        if (VARIABLES.test(word)) add('system_variable', SURE)
        continue
      case '(': {
        const at = r.past(i + 1)
        if (r.is(at, 'select') && r.selects(at) !== 'no') {
          const of = facts()
          add('subquery', SURE)
          r.select(at, 1, of)
          tell(of, add)
        }
        continue
      }
      case 'w':
        break
      default:
        continue
    }
    spoken ||= CLAUSES.has(word) || STATEMENTS.has(word) || LOGIC.has(word)
    if (r.is(i, 'union', 'except', 'intersect', 'minus')) {
      const kind = unionOf(r, i)
      const spoken = k[i - 1] === 'w' && i >= 1 && !quoted && tail === ''
      // "credit union select committee: …"
      const prose = spoken && (kind === 'perhaps' ? lastFrom < i : i > lastSign)
      if ((kind === 'select' || kind === 'perhaps') && prose) add('union_select', HINT)
      else if (kind !== 'no' && kind !== 'cut') add('union_select', SURE)
      else if (kind === 'cut' && (i <= from + 1 || quoted)) add('union_select', k[i + 1] === undefined ? HINT : SURE)
      continue
    }
    if (CONDITIONS.has(word)) {
      condition(r, i, quoted, add)
      if (word !== 'if') continue
    }
    if (word === 'select') {
      selection(r, text, i, lastFrom, add)
      continue
    }
    clauses(r, i, from, add)
    if (
      (i === 0 || i === from || k[i - 1] === 'c' || (i === 1 && k[0] === 'n')) &&
      STATEMENTS.has(word) &&
      isStatement(r, i)
    )
      add('statement', isSharp(r, i) ? SURE : HINT)
    const [name, end] = r.name(i)
    if (TABLES.has(name) && name.length > 5) {
      const qualified =
        /[._$]|^(?:sys|pg|all|rdb|msys)/.test(name) && (k[i - 1] !== 'w' || CLAUSES.has(v[i - 1]!) || end >= r.length)
      add('schema_table', qualified ? SURE : HINT)
    } else if (end > i + 1 && TABLES.has(word) && word.length > 8) add('schema_table', SURE)
    if (k[end] === '(') call(r, i, end, name, from, add)
    else if (
      CLASSES.get(name) === 'file' &&
      /^(?:xp|sp|utl|dbms|open|lo|master)[_.]/.test(name) &&
      (i === 0 || k[i - 1] !== 'w' || /^exec/.test(v[i - 1]!))
    )
      add(
        'file_or_command_function',
        (i > 0 && /^exec/.test(v[i - 1]!)) || /^(?:xp_|master\.)/.test(name) ? SURE : HINT,
      )
    i = Math.max(i, end - 1)
  }
  if (glued && spoken) add('comment_blank', SURE)
  if (v.includes('/*!') && /\/\*M?!\d{0,6}[\s(]*[a-z(]/i.test(text)) add('version_comment', SURE)
}

const selection = (r: Reader, text: string, i: number, lastFrom: number, add: Add): void => {
  const { k, v } = r
  const next = k[i + 1] === 'w' ? CLASSES.get(v[i + 1]!) : undefined
  if ((next === 'delay' || next === 'file') && (k[i + 2] === undefined || k[i + 2] === 'c' || k[i + 2] === '('))
    add('time_delay', SURE)
  const likeness = r.selects(i)
  if (likeness === 'no') return
  if (i === 0 && likeness === 'list' && /^\s*select(?:[^\w\s]|\s+(?:null|0x[0-9a-f]+|@))/i.test(text))
    add('select', SURE)
  const from = lastFrom > i
  if (from && r.is(v.indexOf('from', i) + 1, 'dual')) add('select', SURE)
  const of = facts()
  r.select(i, 1, of)
  if (of.schema) add('schema_table', SURE)
  const calls = of.calls.length > 0
  if (likeness === 'list') {
    if (!from && !calls && !of.variable && i !== 0) return
    add('select', calls || of.variable || from ? SURE : HINT)
    tell(of, add)
  } else if (from) {
    const { tail, tailText } = r.tokens
    const opened = i > 0 && '(;c'.includes(k[i - 1]!)
    add('select', (tail !== '' && tailText.length < 20) || of.compares > 0 || opened ? SURE : HINT)
  }
}

/** Clauses and statements in the middle. */
const clauses = (r: Reader, i: number, from: number, add: Add): void => {
  const { k, v } = r
  const { tail } = r.tokens
  const first = i === 0 || i === from
  switch (v[i]) {
    case 'div':
      if (k[i + 1] === '(' && k[i + 2] !== undefined && 'nso'.includes(k[i + 2]!)) add('operator_function', SURE)
      break
    case 'waitfor':
      if (r.is(i + 1, 'delay', 'time') && k[i + 2] !== undefined && 'snv'.includes(k[i + 2]!)) add('time_delay', SURE)
      break
    case 'order':
    case 'group': {
      if (!r.is(i + 1, 'by') || k[i + 2] !== 'n' || !(first || (k[i - 1] !== undefined && 'n)c'.includes(k[i - 1]!))))
        break
      const stops =
        tail !== '' || k[i + 3] === undefined || ',;c'.includes(k[i + 3]!) || r.is(i + 3, 'limit', 'asc', 'desc')
      if (stops) add('order_by_probe', i <= from + 1 || tail !== '' || unopened(r, i) ? SURE : HINT)
      break
    }
    case 'procedure':
      if (r.is(i + 1, 'analyse') && k[i + 2] === '(') add('error_function', SURE)
      break
    case 'into':
      if (k[i + 1] === 'v' && (k[i - 1] === 'n' || k[i - 1] === 'w')) add('into_variable', SURE)
      if (r.is(i + 1, 'outfile', 'dumpfile') && k[i + 2] !== undefined && 'snv'.includes(k[i + 2]!))
        add('file_or_command_function', SURE)
      break
    case 'case':
      if (k[i + 1] !== undefined) r.cases(i, facts(), 1)
      break
    case 'limit':
      if (
        k[i + 1] === 'n' &&
        (k[i + 2] === ',' || r.is(i + 2, 'offset')) &&
        k[i + 3] === 'n' &&
        (i === from + 1 || tail !== '')
      )
        add('limit', SURE)
      break
    case 'alter':
      if (r.is(i + 1, 'table') && r.is(i + 3, 'add', 'drop', 'modify', 'change', 'rename', 'alter'))
        add('stacked_statement', SURE)
      break
    case 'drop':
    case 'truncate':
      if (
        i === 0 &&
        r.is(1, v[0] === 'drop' ? 'database' : 'table') &&
        k[2] === 'w' &&
        (r.length === 3 || k[3] === ';' || k[3] === 'c')
      )
        add('statement', SURE)
      break
    case 'create':
      if (r.is(i + 1, 'function', 'procedure', 'aggregate') && v.indexOf('returns', i) > 0)
        add('stacked_statement', SURE)
      if (
        r.is(i + 1, 'procedure', 'function', 'trigger', 'proc') &&
        (r.is(i + 3, 'as', 'begin', 'returns', 'after', 'before') || k[i + 3] === '(')
      )
        add('statement', SURE)
      break
    case 'begin':
      if (r.is(i + 1, 'declare')) add('statement', SURE)
      break
    case 'immediate':
      if (r.is(i - 1, 'execute')) add('stacked_statement', SURE)
      break
    default:
  }
}
