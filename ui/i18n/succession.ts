/** Words of the form of a succession of agencies. Vietnamese is the measure: English has the same keys. */
import { i18n } from './index.svelte.ts'

const vi = {
  open: 'Sắp xếp cơ quan',
  title: 'Sắp xếp cơ quan: chia tách, sáp nhập, giải thể',
  what: 'Cơ quan cũ kết thúc, cơ quan kế tục nhận cổng thông tin, thiết bị, mạng và hệ thống. Tất cả cơ quan kế tục đều xem được lịch sử.',
  predecessors: 'Cơ quan kết thúc',
  successors: 'Cơ quan kế tục',
  choose: 'Gõ tên hoặc mã để thêm',
  remove: (name: string) => `Bỏ ${name}`,
  founded: 'Thành lập cơ quan mới',
  id: 'Mã (như so-cong-nghe-so)',
  name: 'Tên',
  add: 'Thêm',
  date: 'Ngày đầu tiên của cơ quan kế tục',
  reason: 'Lý do (số nghị quyết, quyết định)',
  show: 'Xem trước thay đổi',
  carry: 'Thực hiện',
  back: 'Sửa lại',
  handed: (n: string) => `${n} thứ được giao cho cơ quan kế tục`,
  nothing: 'Cơ quan kết thúc không giữ cổng thông tin, thiết bị, mạng hay hệ thống nào.',
  thing: 'Thứ được giao',
  to: 'Giao cho',
  changes: (n: string) => `${n} mục của danh mục sẽ đổi`,
  incidents: (n: string) => `${n} sự cố đang mở của cơ quan kết thúc: giao từng sự cố bằng thao tác đổi cơ quan.`,
  seeIncidents: 'Xem các sự cố',
  networksDated: 'Mạng được ghi theo ngày; nhật ký trước ngày đó vẫn là của cơ quan cũ.',
}
type Words = typeof vi
const en: Words = {
  open: 'Succession',
  title: 'Succession of agencies: merged, cut in parts, ended',
  what: 'The former agencies end; their successors are given portals, devices, networks and systems. All successors see the history.',
  predecessors: 'Agencies that end',
  successors: 'Agencies that succeed',
  choose: 'Type a name or an id to add',
  remove: (name) => `Remove ${name}`,
  founded: 'Found a new agency',
  id: 'Id (such as so-cong-nghe-so)',
  name: 'Name',
  add: 'Add',
  date: 'First day of the successors',
  reason: 'Why (number of the resolution or decision)',
  show: 'Show what would change',
  carry: 'Carry out',
  back: 'Change it',
  handed: (n) => `${n} things go to a successor`,
  nothing: 'The agencies that end hold no portal, device, network or system.',
  thing: 'What',
  to: 'Goes to',
  changes: (n) => `${n} entries of the inventory would change`,
  incidents: (n) => `${n} open incidents of the agencies that end: give each by changing its agency.`,
  seeIncidents: 'See the incidents',
  networksDated: 'Networks are dated: lines of before that day stay with the former agency.',
}

/** In the language that this person chose. */
export const successionWords = (): Words => (i18n.language === 'en' ? en : vi)
