/** What is wrong with the filter of an exception, though it can be read: it would hide all, or nothing. */
import { fieldOf, typeOf } from '../ingest/event.ts'
import { parseIp } from '../ingest/ip.ts'
import { type Filter, fieldsOf } from '../ingest/store/filter.ts'
import { compile } from '../ingest/store/match.ts'
import type { Localized } from './rule.ts'
import { meantFor } from './sigma/mapping.ts'

/** An event that says nothing: what holds of it, holds of every other that does not say otherwise. */
const NOTHING = { '@timestamp': 0, 'event.id': '-', 'event.ingested': 0 }

const leaves = (filter: Filter): Filter[] =>
  filter.op === 'not'
    ? leaves(filter.of)
    : filter.op === 'and' || filter.op === 'or'
      ? filter.of.flatMap(leaves)
      : [filter]

/** `all`: it is for every rule. Undefined where nothing speaks against it. */
export const doubtOf = (filter: Filter, all: boolean): Localized | undefined => {
  const names = [...fieldsOf(filter)]
  const narrows = leaves(filter).some(({ op }) => op !== 'exists')
  const whole = compile(filter)(NOTHING)
  if (all ? whole || !narrows : whole && !narrows)
    return all
      ? {
          vi: 'Điều kiện này đúng với mọi sự kiện, và ngoại lệ áp cho mọi luật: sẽ không còn cảnh báo nào. Hãy nêu địa chỉ, cổng hay đường dẫn cần bỏ qua, hoặc chọn luật.',
          en: 'This holds of every event, and the exception is for every rule: no alert would be left. Name the address, port or path that is to be passed over, or choose rules.',
        }
      : {
          vi: 'Điều kiện này đúng với mọi sự kiện: hãy tắt luật nếu không cần nữa, hoặc nêu địa chỉ, cổng hay đường dẫn cần bỏ qua.',
          en: 'This holds of every event: switch the rule off if it is not wanted, or name the address, port or path that is to be passed over.',
        }
  for (const name of names) {
    const meant = name === '*' || fieldOf(name) ? undefined : meantFor(name)
    if (meant !== undefined)
      return { vi: `Không có trường "${name}"; ý là ${meant}?`, en: `There is no field "${name}"; is ${meant} meant?` }
  }
  for (const leaf of leaves(filter)) {
    if (leaf.op !== 'in' || typeOf(leaf.field) !== 'ip') continue
    const odd = leaf.values.find((value) => parseIp(String(value)) === undefined)
    if (odd !== undefined)
      return {
        vi: `"${odd}" không phải địa chỉ IP: ${leaf.field} không bao giờ có giá trị này.`,
        en: `"${odd}" is no address: ${leaf.field} never has that value.`,
      }
  }
  return undefined
}
