/**
 * What is wrong with the installation, in Vietnamese. The server says it in English, for the command line and its log; the
 * sentence itself is the key here, as in a catalogue of translations. In it `{name}` is a value, `{=name}` a reason that is
 * a sentence of this table itself, `[one|two]` either. The test beside this holds each to the program's own words.
 */
type Row = readonly [english: string, vietnamese: string]

export const PROBLEMS: readonly Row[] = [
  // The machine and its disk.
  [
    'the clock of this machine says {says}, {off} [after|before] {reference}, and is not believed: events go on at {expected} and no day is removed; set the clock (NTP), {rest}',
    'đồng hồ của máy này chỉ {says} nên không được tin: sự kiện được ghi tiếp theo mốc {expected}, không ngày nào bị xóa; hãy chỉnh lại đồng hồ (NTP), hoặc nếu đồng hồ đúng thì xác nhận ở Quản trị › Sức khỏe',
  ],
  [
    'the data folder {folder} was deleted or moved while the program runs: nothing that comes is kept; stop it, put the folder back, start it',
    'thư mục dữ liệu {folder} đã bị xóa hoặc chuyển đi khi chương trình đang chạy: mọi thứ gửi đến đều không được giữ; hãy dừng chương trình, đặt lại thư mục rồi khởi động',
  ],
  [
    'the disk of the data folder is full: free space, or lower retention; what has arrived is kept and is stored when there is room again ({reason})',
    'ổ đĩa của thư mục dữ liệu đã đầy: hãy giải phóng dung lượng hoặc giảm thời gian lưu giữ; những gì đã nhận vẫn được giữ và sẽ được ghi khi có chỗ ({reason})',
  ],
  // Rules.
  [
    'a version of a rule cannot be taken, and its file holds: {reason}',
    'có bản của luật không dùng được, nên luật theo tệp: {reason}',
  ],
  [
    'rule {id} watches {most} values, and others not: name narrower fields in silent.by',
    'luật {id} chỉ theo dõi được {most} giá trị, các giá trị khác thì không: hãy chọn trường hẹp hơn ở silent.by',
  ],
  [
    'no folder of rules is configured: write "rules:" into vonglau.yml, and copy the text there',
    'cấu hình chưa có thư mục luật: hãy ghi "rules:" vào vonglau.yml rồi chép nội dung vào đó',
  ],
  [
    '{path} comes with the program and is not written: name a folder of your own with "rules:"',
    '{path} đi kèm chương trình nên không được ghi: hãy khai báo thư mục riêng ở "rules:"',
  ],
  [
    '{path} was changed and not read yet: read it (vonglau reload), then write the change there',
    '{path} đã đổi mà chưa được đọc: hãy đọc lại (vonglau reload) rồi ghi thay đổi vào đó',
  ],
  [
    '{path} is there already and says something else: copy the text into another file of {folder}',
    '{path} đã có và nói điều khác: hãy chép nội dung vào một tệp khác trong {folder}',
  ],
  ['{path} is read only here: copy the change there', '{path} chỉ đọc được ở đây: hãy chép thay đổi vào đó'],
  [
    '{path} cannot be written ({code}): copy the change there',
    'không ghi được {path} ({code}): hãy chép thay đổi vào đó',
  ],
  ['rule {id} was changed since: look at a backtest again', 'luật {id} đã đổi từ đó: hãy thử lại trên dữ liệu cũ'],
  [
    'rule {id} is not there any more, or switched off: switch it on, and begin again',
    'luật {id} không còn hoặc đang tắt: hãy bật lên rồi bắt đầu lại',
  ],
  // Lines that come in.
  [
    '{n} [line that was|lines that were] accepted for source {source} [is|are] not in the store, for it is not configured any more: put it back into the configuration until that is read, or delete {folder}',
    '{n} dòng đã nhận của nguồn {source} chưa vào kho vì nguồn này không còn trong cấu hình: hãy khai báo lại nguồn cho đến khi đọc xong, hoặc xóa {folder}',
  ],
  [
    'the kernel dropped {n} [datagram|datagrams] of syslog since the start, for its buffer of {bytes} bytes was full: raise net.core.rmem_max (sysctl) up to {most}, or let devices send over TCP',
    'từ lúc khởi động, hệ điều hành đã bỏ {n} gói syslog vì bộ đệm {bytes} byte bị đầy: hãy tăng net.core.rmem_max (sysctl) lên {most}, hoặc cho thiết bị gửi qua TCP',
  ],
  [
    'rule {id} took more than a second on each of {n} events with texts longer than 8 KB: for an hour such events are not judged by it; name a text that has to be there, or a narrower expression',
    'quy tắc {id} mất hơn một giây cho mỗi sự kiện trong {n} sự kiện có trường dài hơn 8 KB: trong một giờ, quy tắc không xét những sự kiện như vậy; hãy thêm vào quy tắc một đoạn chữ bắt buộc phải có, hoặc viết biểu thức hẹp hơn',
  ],
  [
    '{n} events with texts longer than 8 KB wait to be judged by the rules',
    '{n} sự kiện có trường dài hơn 8 KB đang chờ được các quy tắc xét',
  ],
  ['syslog over UDP: {reason}', 'syslog qua UDP: {reason}'],
  [
    '{n} [line|lines] of senders that no source names [was|were] dropped since the start, the last of {sender}: more than {lines} a second or {bytes} bytes a day (syslog: unknown); name those that are yours under "from"',
    'từ lúc khởi động đã bỏ {n} dòng của thiết bị chưa khai báo, gần nhất là của {sender}: vượt {lines} dòng mỗi giây hoặc {bytes} byte mỗi ngày (syslog: unknown); thiết bị nào của đơn vị thì khai báo địa chỉ ở "from"',
  ],
  [
    '{n} [line|lines] of syslog could not be written to the spool since the start, the last of {sender}: {=reason}',
    'từ lúc khởi động có {n} dòng syslog không ghi được vào vùng đệm, gần nhất là của {sender}: {=reason}',
  ],
  [
    '{n} [datagram of syslog was|datagrams of syslog were] dropped since the start, for the disk is slower than they come',
    'từ lúc khởi động đã bỏ {n} gói syslog vì ổ đĩa ghi chậm hơn tốc độ gửi đến',
  ],
  [
    'senders of syslog over TCP had to wait {n} [time|times] since the start, the last those of {source}: more than {bytes} bytes of it were not in the store yet (syslog: unread); nothing of theirs is lost',
    'từ lúc khởi động, thiết bị gửi syslog qua TCP đã phải chờ {n} lần, gần nhất là của nguồn {source}: còn hơn {bytes} byte chưa vào kho (syslog: unread); không mất dòng nào',
  ],
  [
    'senders of {source} wait: more than {bytes} bytes of it are not in the store yet',
    'thiết bị gửi của nguồn {source} đang phải chờ: còn hơn {bytes} byte chưa vào kho',
  ],
  [
    '{n} [syslog connection was|syslog connections were] refused since the start, the last because {=reason}',
    'từ lúc khởi động đã từ chối {n} kết nối syslog, gần nhất vì {=reason}',
  ],
  ['{n} are open (syslog: connections)', 'đang mở {n} kết nối (syslog: connections)'],
  [
    '{sender} has {n} open (syslog: connections_per_sender)',
    '{sender} đang mở {n} kết nối (syslog: connections_per_sender)',
  ],
  [
    'unknown senders have {n} open, a quarter of what there may be',
    'thiết bị chưa khai báo đang mở {n} kết nối, tức một phần tư số được phép',
  ],
  [
    'the rest of the open files that this process may have is kept for console, HTTP and store (ulimit -n)',
    'số tệp còn được mở của tiến trình phải dành cho giao diện, HTTP và kho (ulimit -n)',
  ],
  [
    '{n} [syslog connection was|syslog connections were] closed since the start for what they sent, the last one of {sender}: {=reason}',
    'từ lúc khởi động đã đóng {n} kết nối syslog vì gửi sai định dạng, gần nhất là của {sender}: {=reason}',
  ],
  [
    'a frame should begin with its length, and {found} stands there',
    'khung phải mở đầu bằng độ dài, nhưng ở đó là {found}',
  ],
  [
    'a frame of {bytes} bytes is announced: more than {most} (syslog: longest)',
    'khung được báo dài {bytes} byte, vượt {most} (syslog: longest)',
  ],
  ['a message should begin with "<", and {found} stands there', 'bản tin phải mở đầu bằng "<", nhưng ở đó là {found}'],
  [
    'a line of more than {bytes} bytes has no end (syslog: longest)',
    'một dòng dài hơn {bytes} byte mà chưa kết thúc (syslog: longest)',
  ],
  [
    'a line of {bytes} bytes is longer than {most} (syslog: longest)',
    'một dòng dài {bytes} byte, vượt {most} (syslog: longest)',
  ],
  ['a line is longer than {bytes} bytes (syslog: longest)', 'một dòng dài hơn {bytes} byte (syslog: longest)'],
  [
    'source {source}: {n} accepted [line|lines] could not be read from the spool any more, the last in {path}: the bytes on the disk have changed; look at the disk',
    'nguồn {source}: {n} dòng đã nhận không đọc lại được từ vùng đệm, gần nhất trong {path}: dữ liệu trên đĩa đã bị thay đổi; hãy kiểm tra ổ đĩa',
  ],
  // Files of sources.
  [
    '{path} is not read: it leads to {target}, out of {folder}; where that is meant, write "files: [{other}]" in the configuration',
    '{path} không được đọc vì liên kết này dẫn tới {target}, ra ngoài {folder}; nếu đúng ý, hãy ghi "files: [{other}]" trong cấu hình',
  ],
  ['{path} is not read: it is UTF-16: write it as UTF-8', '{path} không được đọc vì là UTF-16: hãy ghi tệp bằng UTF-8'],
  [
    '{path} is read by another process too ({node}), and its lines are counted twice: where both see the same file, write "shared: true" below "file:"',
    '{path} cũng đang được tiến trình khác đọc ({node}) nên các dòng bị đếm hai lần: nếu cả hai cùng thấy một tệp, hãy ghi "shared: true" dưới "file:"',
  ],
  [
    '{bytes} bytes were overwritten or removed before they could be read, the last of them in {path}: rotate by rename, or less often',
    '{bytes} byte đã bị ghi đè hoặc xóa trước khi kịp đọc, gần nhất trong {path}: hãy xoay vòng nhật ký bằng cách đổi tên, hoặc thưa hơn',
  ],
  [
    '{path} cannot be read ({code}): let the user that Vọng Lâu runs as read it',
    'không đọc được {path} ({code}): hãy cấp quyền đọc cho người dùng hệ thống mà Vọng Lâu chạy',
  ],
  // The store.
  [
    '{path} is damaged and left out of every answer ({reason}): restore it from a backup, or delete it',
    '{path} bị hỏng nên không nằm trong kết quả nào ({reason}): hãy khôi phục từ bản sao lưu, hoặc xóa đi',
  ],
  [
    '{path} is damaged ({reason}); it was moved to {aside} and its lines are read again from their sources',
    '{path} bị hỏng ({reason}); tệp đã được chuyển sang {aside} và các dòng đang được đọc lại từ nguồn',
  ],
  [
    '{path} is damaged ({reason}): start Vọng Lâu again; the file is then moved aside and its lines are read again',
    '{path} bị hỏng ({reason}): hãy khởi động lại Vọng Lâu; tệp sẽ được chuyển đi và các dòng được đọc lại',
  ],
  ['the store is closed', 'kho đã đóng'],
  [
    'the day {day} is not written anew, for its disk has no room for what stays of it: free {n} MB',
    'chưa ghi lại được ngày {day} vì ổ đĩa không đủ chỗ cho phần được giữ: hãy giải phóng {n} MB',
  ],
  [
    'the question took longer than {n} s: choose a shorter time range or a narrower search',
    'truy vấn kéo dài quá {n} giây: hãy chọn khoảng thời gian ngắn hơn hoặc điều kiện hẹp hơn',
  ],
  [
    'the question needs more memory than there is: choose a shorter time range or a narrower search, or raise "memory:"',
    'truy vấn cần nhiều bộ nhớ hơn hiện có: hãy chọn khoảng thời gian ngắn hơn hoặc điều kiện hẹp hơn, hoặc tăng "memory:"',
  ],
  [
    'the events of {days} cannot be read ({reason}): restore the day file from a backup, or delete it',
    'không đọc được sự kiện của {days} ({reason}): hãy khôi phục tệp của ngày đó từ bản sao lưu, hoặc xóa đi',
  ],
  // Elasticsearch; `what` is what was being done.
  [
    '{what}: Elasticsearch at {at} does not answer ({reason}): see that it runs and that this machine reaches that address',
    'Elasticsearch tại {at} không trả lời ({reason}): hãy xem nó có đang chạy không và máy này có tới được địa chỉ đó không',
  ],
  [
    '{what}: Elasticsearch at {at} is too busy or not ready ({reason}): give it a moment, and more memory or nodes if that lasts',
    'Elasticsearch tại {at} đang quá tải hoặc chưa sẵn sàng ({reason}): hãy đợi một lát; nếu kéo dài thì thêm bộ nhớ hoặc nút',
  ],
  [
    '{what}: Elasticsearch at {at} has made indices read-only because a disk is nearly full ({reason}): free space or add a node, it then takes writes again by itself',
    'Elasticsearch tại {at} đã chuyển các chỉ mục sang chỉ đọc vì một ổ đĩa sắp đầy ({reason}): hãy giải phóng dung lượng hoặc thêm nút, sau đó việc ghi tự tiếp tục',
  ],
  [
    '{indices} [is|are] read-only because a disk of Elasticsearch at {at} is nearly full: free space or add a node, it then takes writes again by itself',
    '{indices} chỉ còn đọc được vì một ổ đĩa của Elasticsearch tại {at} sắp đầy: hãy giải phóng dung lượng hoặc thêm nút, sau đó việc ghi tự tiếp tục',
  ],
  [
    '{what}: Elasticsearch at {at} does not take writes to an index ({reason}): remove the block of that index, if a person has set it',
    'Elasticsearch tại {at} không cho ghi vào một chỉ mục ({reason}): nếu có người đã khóa chỉ mục đó thì hãy gỡ khóa',
  ],
  [
    '{what}: Elasticsearch at {at} does not know this user and password or API key ({reason}): correct them in the configuration',
    'Elasticsearch tại {at} không chấp nhận tài khoản hoặc khóa API này ({reason}): hãy sửa trong cấu hình',
  ],
  [
    '{what}: the user has not the privilege for that on Elasticsearch at {at} ({reason}): give the user the role of README.md',
    'tài khoản không có quyền làm việc đó trên Elasticsearch tại {at} ({reason}): hãy cấp vai trò nêu trong README.md',
  ],
  [
    '{what}: the certificate of Elasticsearch at {at} is not trusted ({reason}): {rest}',
    'chứng thư của Elasticsearch tại {at} không được tin cậy ({reason}): hãy khai báo tệp của nơi cấp chứng thư trong cấu hình (ca) và dùng tên máy có trong chứng thư',
  ],
  [
    '{what}: what answers at {at} is not an Elasticsearch 9 ({reason}): {rest}',
    'thứ trả lời tại {at} không phải Elasticsearch 9 ({reason}): hãy sửa địa chỉ (http hay https, cổng dịch vụ), hoặc cài phiên bản 9',
  ],
  [
    '{what}: Elasticsearch at {at} has no such index ({reason}): somebody deleted it; restore it from a snapshot, or start Vọng Lâu again to begin an empty one',
    'Elasticsearch tại {at} không có chỉ mục này ({reason}): có người đã xóa; hãy khôi phục từ bản chụp, hoặc khởi động lại Vọng Lâu để tạo chỉ mục trống',
  ],
  [
    '{what}: Elasticsearch at {at} refuses that ({reason}): compare the mapping of the index with that of a fresh installation, and report this if they are the same',
    'Elasticsearch tại {at} từ chối ({reason}): hãy so ánh xạ của chỉ mục với bản cài mới, nếu giống nhau thì báo lỗi cho nhóm phát triển',
  ],
  [
    '{n} shards of {indices} do not answer, so it is not certain that every event is visible: see that every node of Elasticsearch runs',
    '{n} phân mảnh của {indices} không trả lời nên có thể chưa thấy đủ sự kiện: hãy xem mọi nút Elasticsearch có đang chạy không',
  ],
  [
    'the shards of {index} are on no node that runs: start that node again, or restore the index from a snapshot',
    'các phân mảnh của {index} không nằm trên nút nào đang chạy: hãy khởi động lại nút đó, hoặc khôi phục chỉ mục từ bản chụp',
  ],
  [
    'the field {field} is {found} instead of {wanted} in {indices}: what is searched in it there may not be found; delete that index, or wait until its retention ends',
    'trường {field} có kiểu {found} thay vì {wanted} trong {indices}: tìm trong đó có thể không ra; hãy xóa chỉ mục đó, hoặc đợi hết hạn lưu giữ',
  ],
  [
    '{indices} [has|have] the setting {setting}: remove it, if a person has set it',
    '{indices} có thiết lập {setting}: nếu có người đã đặt thì hãy bỏ đi',
  ],
  // Rules.
  ['{n} rules cannot be run: {=reason}', 'không chạy được {n} luật phát hiện: {=reason}'],
]

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

interface Compiled {
  readonly pattern: RegExp
  readonly vi: string
}
const compile = ([en, vi]: Row): Compiled => {
  const source = en
    .split(/(\{=?\w+\}|\[[^\]{}]*\|[^\]{}]*\])/)
    .map((part) =>
      /^\{/.test(part)
        ? `(?<${part.replaceAll(/[{}=]/g, '')}>.+?)`
        : /^\[.*\|/.test(part)
          ? `(?:${part.slice(1, -1).split('|').map(escaped).join('|')})`
          : escaped(part),
    )
    .join('')
  return { pattern: new RegExp(`^${source}$`, 's'), vi }
}
let compiled: readonly Compiled[] | undefined

/** "what: the reason": of sources, of a day, of another machine. */
const parted = (sentence: string, whose: RegExp): string | undefined => {
  const at = sentence.indexOf(': ')
  const rest = at > 0 && whose.test(sentence.slice(0, at)) ? inVietnamese(sentence.slice(at + 2)) : undefined
  return rest === undefined ? undefined : `${sentence.slice(0, at)}: ${rest}`
}
const IDS = /^[\w.-]+(?:, [\w.-]+)*$/

/** In Vietnamese, undefined where it is not in the table: what a library says stays as it is. */
export const inVietnamese = (sentence: string): string | undefined => {
  const first = parted(sentence, IDS)
  if (first !== undefined) return first
  compiled ??= PROBLEMS.map(compile)
  for (const { pattern, vi } of compiled) {
    const groups = pattern.exec(sentence)?.groups
    if (groups) {
      const value = (name: string) => groups[name] ?? ''
      return vi.replaceAll(/\{(=?)(\w+)\}/g, (_, nested: string, name: string) => {
        const said = value(name)
        if (nested) return inVietnamese(said) ?? said
        return /^\d{4,15}$/.test(said) ? new Intl.NumberFormat('vi-VN').format(Number(said)) : said
      })
    }
  }
  return parted(sentence, /^[^:]+$/)
}
