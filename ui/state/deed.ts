import type { Words } from '../i18n/vi.ts'

export interface Detail {
  /** Absent: the value is a sentence, or says itself what it is. */
  label?: string
  value: string
}
/** How the console writes what is more than a word. */
export interface Writing {
  time(at: number): string
  person(name: string): string
  agency(id: string): string
}

/** What follows from the others, and says nothing to a person. */
const SILENT =
  /^(?:case\.|journal\.|alert\.(?:key|group|first|last|count|part)|incident\.(?:key|severity|level_set|due_set|first|last|events|alerts)$|title_en$)/
const TIME = /^(?:due|minute|incident\.(?:due|closed|created))$/

const labelOf = (field: string, t: Words): string =>
  [t.admin.details, t.fields].find((words) => Object.hasOwn(words, field))?.[field] ?? field

const inWords = (field: string, value: unknown, t: Words, write: Writing): string => {
  if (value === null || value === '') return t.common.none
  if (typeof value === 'boolean') return value ? t.common.yes : t.common.no
  if (Array.isArray(value)) {
    if (field === 'tasks')
      return value
        .map(({ text, done }: { text?: string; done?: boolean }) => `${done ? '☑' : '☐'} ${text ?? ''}`)
        .join(', ')
    return value.map((each) => inWords(field, each, t, write)).join(', ') || t.common.none
  }
  if (typeof value === 'object') return JSON.stringify(value)
  if (TIME.test(field)) {
    const at = typeof value === 'number' ? value : Date.parse(String(value))
    return Number.isNaN(at) ? String(value) : write.time(at)
  }
  const text = String(value)
  const last = field.split('.').at(-1)!
  if (last === 'assignee') return write.person(text)
  if (field === 'organization.id' || field === 'organizations') return write.agency(text)
  const words: { readonly [value: string]: string } =
    last === 'status'
      ? t.status
      : last === 'level'
        ? t.levels
        : last === 'reason'
          ? t.reasons
          : last === 'role'
            ? t.roles
            : {}
  return Object.hasOwn(words, text) ? words[text]! : text
}

/** The details of an entry of the trail, a field at a time with its name in words; what is no JSON, as it is. */
export const detailsOf = (what: string, detail: string | undefined, t: Words, write: Writing): Detail[] => {
  if (!detail) return []
  let read: unknown
  try {
    read = JSON.parse(detail)
  } catch {
    const role = t.roles[detail as keyof Words['roles']]
    return [{ value: role ?? detail }]
  }
  if (what === 'rule.enabled') return [{ value: read === true ? t.admin.ruleOn : t.admin.ruleOff }]
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return [{ value: detail }]
  const fields = read as { readonly [field: string]: unknown }
  return Object.entries(fields)
    .filter(([field, value]) => {
      if (SILENT.test(field) || value === undefined) return false
      // Said once: the name stands for the id, and "closed, because …" for both.
      if (field === 'alert.incident') return !fields['incident_number']
      if (field === 'organization.name') return !('organization.id' in fields)
      return !(field.endsWith('.reason') && fields['reason'] !== undefined)
    })
    .map(([field, value]) => ({
      ...(field === 'text' ? {} : { label: labelOf(field, t) }),
      value: inWords(field, value, t, write),
    }))
}
