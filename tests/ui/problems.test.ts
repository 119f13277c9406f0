/** What is wrong with an installation, in the language of who reads it. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inVietnamese, PROBLEMS } from '../../ui/i18n/problems.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = globSync('{ingest,api,rules}/**/*.ts', { cwd: ROOT }).map((file) =>
  readFileSync(join(ROOT, file), 'utf8'),
)
/** What stands between the values of a sentence; of what varies, each. */
const fixed = (english: string): string[] =>
  english
    .split(/\{=?\w+\}|\[([^\]{}]*\|[^\]{}]*)\]/)
    .flatMap((part) => part?.split('|') ?? [])
    .map((part) => part.trim())
    .filter((part) => part.length > 8)
const names = (text: string) => [...text.matchAll(/\{=?(\w+)\}/g)].map(([, name]) => name)

describe('the table', () => {
  test('holds the program’s own words: who changes a sentence there changes it here', () => {
    // Read over the ends of lines, and with what another function puts in.
    const texts = SOURCES.map((text) => text.replaceAll(/\s+/g, ' ').replaceAll('${FULL}', 'read-only because a disk'))
    const astray = PROBLEMS.flatMap(([english]) =>
      fixed(
        english
          .replaceAll('Elasticsearch at ', '')
          .replace('it is UTF-16', '{reason}')
          .replace('cannot be run:', 'cannot be run`{x}'),
      ).filter((part) => !texts.some((text) => text.includes(part))),
    )
    expect(astray).toEqual([])
  })
  test('says in Vietnamese only what stands in the English', () => {
    for (const [english, vietnamese] of PROBLEMS)
      expect(
        names(vietnamese).filter((name) => !names(english).includes(name)),
        english,
      ).toEqual([])
  })
})

describe('in Vietnamese', () => {
  test.each([
    [
      '1 line that was accepted for source cu is not in the store, for it is not configured any more: put it back into the configuration until that is read, or delete /d/spool/cu',
      '1 dòng đã nhận của nguồn cu chưa vào kho vì nguồn này không còn trong cấu hình: hãy khai báo lại nguồn cho đến khi đọc xong, hoặc xóa /d/spool/cu',
    ],
    [
      '12345 lines of senders that no source names were dropped since the start, the last of 203.0.113.7: more than 500 a second or 256000000 bytes a day (syslog: unknown); name those that are yours under "from"',
      'từ lúc khởi động đã bỏ 12.345 dòng của thiết bị chưa khai báo, gần nhất là của 203.0.113.7: vượt 500 dòng mỗi giây hoặc 256.000.000 byte mỗi ngày (syslog: unknown); thiết bị nào của đơn vị thì khai báo địa chỉ ở "from"',
    ],
    [
      '1 syslog connection was closed since the start for what they sent, the last one of 127.0.0.1: a frame should begin with its length, and "illa" stands there',
      'từ lúc khởi động đã đóng 1 kết nối syslog vì gửi sai định dạng, gần nhất là của 127.0.0.1: khung phải mở đầu bằng độ dài, nhưng ở đó là "illa"',
    ],
    [
      'fw, cong: the disk of the data folder is full: free space, or lower retention; what has arrived is kept and is stored when there is room again (ENOSPC)',
      'fw, cong: ổ đĩa của thư mục dữ liệu đã đầy: hãy giải phóng dung lượng hoặc giảm thời gian lưu giữ; những gì đã nhận vẫn được giữ và sẽ được ghi khi có chỗ (ENOSPC)',
    ],
    [
      'may-2: cong: /l/a.log cannot be read (EACCES): let the user that Vọng Lâu runs as read it',
      'may-2: cong: không đọc được /l/a.log (EACCES): hãy cấp quyền đọc cho người dùng hệ thống mà Vọng Lâu chạy',
    ],
    [
      'the question took longer than 30 s: choose a shorter time range or a narrower search',
      'truy vấn kéo dài quá 30 giây: hãy chọn khoảng thời gian ngắn hơn hoặc điều kiện hẹp hơn',
    ],
    ['what a library says: EWHATEVER', undefined],
    ['', undefined],
  ])('%s', (english, vietnamese) => expect(inVietnamese(english)).toBe(vietnamese))
  test('does not go back and forth in a sentence that was made to be slow', () => {
    // Of what a sender wrote, in a reason: many times what stands between two values.
    expect(inVietnamese(`x: ${' is damaged ('.repeat(2000)}`)).toBeUndefined()
  })
})
