/** What the words of SQL are. */
import { DATA, setOf } from '../data.ts'

/** delay, error, file: calls that an attack makes; info: what tells of the server; text: all others that a database knows. */
export type Class = 'delay' | 'error' | 'file' | 'info' | 'text'
export const CLASSES: ReadonlyMap<string, Class> = new Map(
  (['text', 'info', 'error', 'file', 'delay'] as const).flatMap((kind) =>
    [...setOf(DATA.sql[kind])].map((name): [string, Class] => [name, kind]),
  ),
)
export const TABLES = setOf(DATA.sql.tables)
export const STATEMENTS = setOf(DATA.sql.statement)
export const CLAUSES = setOf(DATA.sql.clause)
export const LOGIC = setOf(DATA.sql.logic)
export const TYPES = setOf(DATA.sql.types)
export const JOINS: ReadonlySet<string> = new Set(['and', 'or', 'xor', '&&', '||'])
export const COMPARE: ReadonlySet<string> = new Set(
  '= == <> != < > <= >= <=> ^= !~ ~ ~* @> <@ ?| ?& ? -> ->> #> #>> #- @? @@ !< !> ~= *='.split(' '),
)
export const WORD_COMPARE: ReadonlySet<string> = new Set(
  'like ilike rlike regexp between in is glob match similar sounds isnull notnull contains'.split(' '),
)
export const MATH: ReadonlySet<string> = new Set('+ - * / % | & ^ || << >> div mod :='.split(' '))
/** Of these a list of classes holds more than others. */
export const isKnown = (kind: Class | undefined): kind is Class => kind !== undefined
