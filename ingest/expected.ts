/** What a value had to be, in words: the library's own ("Too small: expected number to be >=1") name neither thing nor way out. */
import type { z } from 'zod'

export interface Words {
  readonly en: string
  readonly vi: string
}

/** What a time is in what programs send: dates in letters are what most try first. */
export const MOMENT: Words = {
  en: 'a time as a number of milliseconds since 1970 (UTC), such as 1798736400000 for 2027-01-01 00:00 in Việt Nam',
  vi: 'một thời điểm ghi bằng số mili giây tính từ năm 1970 (UTC), ví dụ 1798736400000 là 0 giờ ngày 01/01/2027 giờ Việt Nam',
}
const TYPES: { readonly [type: string]: Words } = {
  __proto__: null as never,
  string: { en: 'a text', vi: 'một chuỗi ký tự' },
  number: { en: 'a number', vi: 'một số' },
  int: { en: 'a whole number', vi: 'một số nguyên' },
  boolean: { en: 'true or false', vi: 'true hoặc false' },
  array: { en: 'a list', vi: 'một danh sách' },
  object: { en: 'a map', vi: 'các khóa kèm giá trị' },
  record: { en: 'a map', vi: 'các khóa kèm giá trị' },
}

/** `most` and `least` of what is counted: a number itself, letters of a text, entries of a list. */
const bounds = (origin: string, which: 'least' | 'most', bound: number, inclusive: boolean): Words => {
  if (origin === 'string')
    return which === 'least'
      ? bound === 1
        ? { en: 'some text', vi: 'ít nhất một ký tự' }
        : { en: `at least ${bound} characters`, vi: `ít nhất ${bound} ký tự` }
      : { en: `at most ${bound} characters`, vi: `nhiều nhất ${bound} ký tự` }
  if (origin === 'array')
    return which === 'least'
      ? { en: `at least ${bound === 1 ? 'one entry' : `${bound} entries`}`, vi: `ít nhất ${bound} mục` }
      : { en: `at most ${bound === 1 ? 'one entry' : `${bound} entries`}`, vi: `nhiều nhất ${bound} mục` }
  const number = origin === 'int' ? TYPES['int']! : TYPES['number']!
  return which === 'least'
    ? inclusive
      ? { en: `${number.en} of at least ${bound}`, vi: `${number.vi} từ ${bound} trở lên` }
      : { en: `${number.en} above ${bound}`, vi: `${number.vi} lớn hơn ${bound}` }
    : inclusive
      ? { en: `${number.en} of at most ${bound}`, vi: `${number.vi} không quá ${bound}` }
      : { en: `${number.en} below ${bound}`, vi: `${number.vi} nhỏ hơn ${bound}` }
}

/** To stand after "expected"; what a schema says itself, as it says it. */
export const expectedOf = (issue: z.core.$ZodIssue): Words => {
  // An issue carries one text, and that is the English one.
  if (issue.message === MOMENT.en) return MOMENT
  const list = (values: readonly unknown[]) => values.map(String).join(', ')
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? { en: `a ${issue.expected}`, vi: `giá trị kiểu ${issue.expected}` }
    case 'invalid_value':
      return { en: `one of ${list(issue.values)}`, vi: `một trong các giá trị ${list(issue.values)}` }
    case 'too_small':
      return bounds(issue.origin, 'least', Number(issue.minimum), issue.inclusive ?? true)
    case 'too_big':
      return bounds(issue.origin, 'most', Number(issue.maximum), issue.inclusive ?? true)
    case 'unrecognized_keys':
      return { en: `no key ${list(issue.keys)} here`, vi: `không có khóa ${list(issue.keys)}` }
    case 'invalid_format':
      if (issue.format === 'url')
        return { en: 'an address such as https://example.vn', vi: 'một địa chỉ như https://example.vn' }
  }
  return { en: issue.message, vi: issue.message }
}
