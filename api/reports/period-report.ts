/** The report of a period, of the province or of one agency: figures in, a document out. Pure. */
import type { Block, ReportDocument, Run } from './content.ts'
import type { Facts } from './facts.ts'
import { frameOf } from './frame.ts'
import type { Links } from './links.ts'
import {
  cell,
  hasBefore,
  heading,
  levelTable,
  paragraph,
  partsTable,
  riskTable,
  said,
  share,
  timesTable,
  weekChart,
} from './sections.ts'
import type { ReportSettings } from './settings.ts'
import { count, dayText, endText, momentText, plain, timeText } from './vietnamese.ts'

/** Sentences in their order, numbered. */
const numbered = (items: readonly (readonly Run[])[]): Block[] =>
  items.map((runs, i) => paragraph(`${i + 1}. `, ...runs))
const lettered = (items: readonly (readonly Run[])[]): Block[] =>
  items.map((runs, i) => paragraph(`${'abcdđeghiklm'[i] ?? '-'}) `, ...runs))

export const periodReport = (facts: Facts, settings: ReportSettings, links: Links): ReportDocument => {
  const { agency, period, before, end, shift } = facts
  const where = agency ? plain(agency.name) : 'các cơ quan, đơn vị trên địa bàn tỉnh'
  const issuer = settings.issuer.name
  const compared = hasBefore(facts)
  const running = end < period.to
  const intro = paragraph(
    `Thực hiện chế độ báo cáo định kỳ${period.basis ? ` (kỳ chốt số liệu theo ${period.basis})` : ''} về giám sát an toàn thông tin mạng, ${issuer} báo cáo kết quả giám sát đối với ${where} ${period.name} (số liệu từ ${momentText(period.from, shift)} đến ${endText(end, shift)}${running ? ', kỳ chưa kết thúc' : ''}; ${compared ? `so sánh với ${before.name}` : 'chưa có kỳ trước để so sánh'}) như sau:`,
  )
  const to = agency
    ? plain(agency.name)
    : (settings.to ?? `Ủy ban nhân dân ${facts.province.charAt(0).toLowerCase()}${facts.province.slice(1)}`)
  return frameOf(settings, facts, {
    title: `Báo cáo kết quả giám sát an toàn thông tin mạng ${period.name}${agency ? `, ${plain(agency.name)}` : ''}`,
    subject: [
      agency
        ? `Kết quả giám sát an toàn thông tin mạng đối với ${plain(agency.name)}`
        : 'Kết quả giám sát an toàn thông tin mạng trên địa bàn tỉnh',
      period.name,
    ],
    to,
    blocks: [
      intro,
      heading(1, 'I. TÌNH HÌNH CHUNG'),
      ...numbered(general(facts, links)),
      heading(1, 'II. KẾT QUẢ GIÁM SÁT VÀ XỬ LÝ'),
      heading(2, '1. Cảnh báo và sự cố'),
      levelTable(facts, links, 'Bảng 1. Cảnh báo và sự cố theo mức độ'),
      weekChart(facts, links, 'Biểu đồ 1. Số sự cố mở theo tuần'),
      heading(2, '2. Thời gian phát hiện, tiếp nhận và khắc phục'),
      timesTable(facts, 'Bảng 2. Thời gian xử lý, trung vị và phân vị 90'),
      ...risk(facts, links),
      heading(1, 'III. IPv6, TÍN NHIỆM MẠNG VÀ HỆ THỐNG THÔNG TIN'),
      ...numbered(standing(facts, links)),
      heading(1, 'IV. TỒN TẠI, HẠN CHẾ'),
      ...open(facts, links),
      heading(1, 'V. NHIỆM VỤ KỲ TỚI VÀ KIẾN NGHỊ'),
      ...tasks(facts, issuer),
      paragraph(
        `Trên đây là báo cáo kết quả giám sát an toàn thông tin mạng ${period.name}, ${issuer} ${agency ? `gửi ${plain(agency.name)} để biết, phối hợp thực hiện` : `kính báo cáo ${to}`}./.`,
      ),
    ],
  })
}

const general = (facts: Facts, links: Links): Run[][] => {
  const { figures, logs, period, before, end, agency, risk: province } = facts
  const { portals, systems } = figures
  const alerts = figures.levels.reduce((sum, each) => sum + each.alerts.now, 0)
  const was = (value: number, href: string): Run[] =>
    hasBefore(facts)
      ? [` (${before.short.charAt(0).toLowerCase()}${before.short.slice(1)} là `, said(value, href), ')']
      : []
  const scope: Run[] = [
    'Phạm vi giám sát gồm ',
    said(portals.total, links.portals(end, 'current')),
    ' cổng, trang thông tin điện tử và ',
    said(systems.total, links.systems(end)),
    ` hệ thống thông tin${agency ? '' : ` của ${count(facts.agencies)} cơ quan, đơn vị`}. Nhật ký được thu nhận từ `,
    said(logs.sources, links.sources()),
    ' nguồn, tổng số ',
    said(logs.events, links.events(period)),
    ' sự kiện, trong đó ',
    said(logs.unparsed, links.unparsed(period)),
    ' sự kiện chưa phân tích được, vẫn được lưu nguyên văn.',
  ]
  const nothing = alerts + figures.opened.now === 0
  const flow: Run[] = nothing
    ? [
        'Trong kỳ không ghi nhận cảnh báo (',
        said(0, links.alerts(period)),
        ') và không mở sự cố nào (',
        said(0, links.opened(period)),
        ')',
      ]
    : [
        'Trong kỳ có ',
        said(alerts, links.alerts(period)),
        ' cảnh báo, mở ',
        said(figures.opened.now, links.opened(period)),
        ' sự cố',
        ...was(figures.opened.before, links.opened(before)),
      ]
  const state: Run[] = [
    ', đóng ',
    said(figures.closed.now, links.closed(period)),
    end < period.to ? ' sự cố. Đến nay còn ' : ' sự cố. Đến cuối kỳ còn ',
    said(figures.open, links.openAt(end)),
    ' sự cố đang mở, trong đó ',
    said(figures.overdue, links.overdueAt(end)),
    ' sự cố quá hạn.',
  ]
  const met: Run[] =
    figures.met.now === undefined
      ? []
      : [
          ' Tỷ lệ xử lý đúng hạn đạt ',
          share(figures.met.now),
          ...(figures.met.before === undefined || !hasBefore(facts)
            ? []
            : [' (kỳ trước ', share(figures.met.before), ')']),
          '.',
        ]
  const score: Run[] =
    province === undefined
      ? []
      : [
          ' Điểm rủi ro chung của tỉnh cuối kỳ là ',
          { text: `${province.points}/100`, value: province.points, href: '/managers' },
          province.before === undefined
            ? '.'
            : province.points === province.before
              ? ', không đổi so với cuối kỳ trước.'
              : `, ${province.points > province.before ? 'tăng' : 'giảm'} ${count(Math.abs(province.points - province.before))} điểm so với cuối kỳ trước.`,
        ]
  const notable = facts.notable.flatMap(({ id, number, title, organization, created, status }, i): Run[] => [
    i === 0 ? '' : '; ',
    `ngày ${dayText(created, facts.shift)}, ${organization && !agency ? `${plain(organization.name)}: ` : ''}${plain(title.vi, 160)} (sự cố số `,
    { text: number, href: links.incident(id) },
    `, ${status === 'closed' ? 'đã xử lý xong' : status === 'in_progress' ? 'đang xử lý' : 'chưa có người nhận'})`,
  ])
  return [
    scope,
    [...flow, ...state, ...met, ...score],
    ...(notable.length ? [['Sự cố đáng chú ý: ', ...notable, '.']] : []),
  ]
}

const risk = (facts: Facts, links: Links): Block[] => {
  if (facts.agency) {
    const table = partsTable(facts, links, 'Bảng 3. Điểm rủi ro cuối kỳ và các phần tạo nên')
    return [
      heading(2, '3. Điểm rủi ro'),
      table ??
        paragraph(
          'Không thu nhận được nhật ký của cơ quan, đơn vị cuối kỳ nên chưa đánh giá được rủi ro (không phải là rủi ro thấp).',
        ),
    ]
  }
  const table = riskTable(facts, links, 'Bảng 3. Cơ quan, đơn vị có điểm rủi ro cao nhất cuối kỳ (thang 100)')
  const others = facts.scores.length - table.rows.length
  return [
    heading(2, '3. Cơ quan, đơn vị cần lưu ý'),
    table,
    ...(table.rows.length
      ? []
      : [paragraph('Chưa cơ quan, đơn vị nào gửi nhật ký trong kỳ: chưa đánh giá được rủi ro.')]),
    ...(others + facts.unknown.length > 0
      ? [
          paragraph(
            ...(others > 0
              ? [
                  `${count(others)} cơ quan, đơn vị còn lại dưới hoặc bằng ${facts.scores[table.rows.length - 1]!.points} điểm; `,
                ]
              : []),
            `${count(facts.unknown.length)} cơ quan, đơn vị chưa gửi nhật ký nên chưa đánh giá được (danh sách kèm theo, tệp CSV).`,
          ),
        ]
      : []),
  ]
}

const standing = ({ figures, end }: Facts, links: Links): Run[][] => {
  const { portals, systems } = figures
  const { now, before } = portals.ipv6_requests
  return [
    [
      'IPv6: ',
      cell(portals.ipv6, links.portals(end, 'current', { ipv6: 1 })),
      '/',
      cell(portals.total, links.portals(end, 'current')),
      ' cổng, trang đã khai báo IPv6.',
      ...(now === undefined
        ? []
        : [
            ' Tỷ lệ yêu cầu đến qua IPv6 là ',
            share(now),
            ...(before === undefined ? [] : [' (kỳ trước ', share(before), ')']),
            '.',
          ]),
    ],
    [
      'Tín nhiệm mạng: ',
      cell(portals.trusted, links.portals(end, 'current', { trusted: 1 })),
      '/',
      cell(portals.total, links.portals(end, 'current')),
      ' cổng, trang có chứng nhận còn hiệu lực cuối kỳ, trong đó ',
      said(portals.ending, links.portals(end, 'ending')),
      ' chứng nhận hết hạn trong 60 ngày tới; ',
      said(portals.lapsed, links.portals(end, 'lapsed')),
      ' chứng nhận đã hết hiệu lực; ',
      said(portals.none, links.portals(end, 'none')),
      ' cổng, trang chưa được chứng nhận.',
    ],
    [
      'Hệ thống thông tin: ',
      cell(systems.with_level, links.systems(end, 'level')),
      '/',
      cell(systems.total, links.systems(end)),
      ' hệ thống đã phê duyệt cấp độ an toàn; ',
      said(systems.monitored, links.systems(end, 'monitored')),
      ' hệ thống đang được giám sát; ',
      said(systems.assessed, links.systems(end, 'assessed')),
      ' hệ thống được kiểm tra, đánh giá trong 12 tháng.',
    ],
  ]
}

/** What the figures say is not as it should be. */
const gaps = ({ figures, overdue, logs, unknown, agency, end, shift }: Facts, links: Links): Run[][] => [
  ...(figures.overdue > 0
    ? [
        [
          'Còn ',
          said(figures.overdue, links.overdueAt(end)),
          ' sự cố quá hạn xử lý: ',
          ...overdue.flatMap(({ id, number, organization, due }, i): Run[] => [
            i === 0 ? '' : '; ',
            { text: number, href: links.incident(id) },
            ` (${organization && !agency ? `${plain(organization.name)}, ` : ''}hạn ${timeText(due, shift)})`,
          ]),
          figures.overdue > overdue.length ? ' …' : '.',
        ],
      ]
    : []),
  ...(logs.silent > 0
    ? [
        [
          'Khi lập báo cáo có ',
          said(logs.silent, links.sources('silent')),
          ' nguồn nhật ký im lặng, phần đó không giám sát được.',
        ],
      ]
    : []),
  ...(!agency && unknown.length > 0
    ? [[`${count(unknown.length)} cơ quan, đơn vị chưa gửi nhật ký: chưa rõ rủi ro, không coi là an toàn.`]]
    : []),
  ...figures.changes.flatMap((each): Run[][] =>
    each.kind === 'trust_lapsed'
      ? [
          [
            `${count(each.portals.length)} cổng, trang mất chứng nhận tín nhiệm mạng trong kỳ: ${each.portals
              .slice(0, 5)
              .map(({ name }) => plain(name, 100))
              .join('; ')}${each.portals.length > 5 ? ' …' : '.'}`,
          ],
        ]
      : each.kind === 'findings'
        ? [
            [
              `${count(each.systems.length)} hệ thống thông tin còn nội dung khắc phục sau đánh giá quá hạn: ${each.systems
                .slice(0, 5)
                .map(({ name }) => plain(name, 100))
                .join('; ')}${each.systems.length > 5 ? ' …' : '.'}`,
            ],
          ]
        : [],
  ),
  ...(figures.systems.total > figures.systems.with_level
    ? [
        [
          `${count(figures.systems.total - figures.systems.with_level)} hệ thống thông tin chưa được phê duyệt cấp độ an toàn.`,
        ],
      ]
    : []),
]

const open = (facts: Facts, links: Links): Block[] => {
  const items = gaps(facts, links)
  return items.length ? numbered(items) : [paragraph('Hệ thống không ghi nhận tồn tại, hạn chế nổi bật trong kỳ.')]
}

/** Follows from the gaps; an official completes it before signing. */
const tasks = (facts: Facts, issuer: string): Block[] => {
  const { figures, logs, unknown, agency } = facts
  const own: Run[][] = [
    ['Duy trì giám sát an toàn thông tin mạng thường xuyên, liên tục;'],
    ...(figures.open > 0 ? [[`Phối hợp xử lý dứt điểm ${count(figures.open)} sự cố đang mở;`]] : []),
    ...(logs.silent > 0 ? [[`Khôi phục ${count(logs.silent)} nguồn nhật ký đang im lặng;`]] : []),
    ...(figures.portals.ending > 0
      ? [[`Hướng dẫn gia hạn ${count(figures.portals.ending)} chứng nhận tín nhiệm mạng hết hạn trong 60 ngày tới;`]]
      : []),
  ]
  const asks = [
    ...(figures.overdue > 0 ? ['xử lý xong các sự cố quá hạn'] : []),
    ...(!agency && unknown.length > 0 ? ['kết nối nhật ký về hệ thống giám sát'] : []),
    ...(figures.portals.none + figures.portals.lapsed > 0
      ? ['hoàn thành đăng ký tín nhiệm mạng cho cổng, trang thông tin điện tử']
      : []),
    ...(figures.systems.total > figures.systems.with_level
      ? ['lập hồ sơ đề xuất cấp độ an toàn hệ thống thông tin']
      : []),
  ]
  const last = own.length - 1
  return [
    paragraph(`1. ${issuer}:`),
    ...lettered(own.map((runs, i) => (i === last ? runs.map((run) => String(run).replace(/;$/, '.')) : runs))),
    paragraph(
      asks.length
        ? `2. ${agency ? `Đề nghị ${plain(agency.name)}` : 'Kiến nghị chỉ đạo các cơ quan, đơn vị'} ${asks.join('; ')}.`
        : '2. Không có kiến nghị.',
    ),
  ]
}
