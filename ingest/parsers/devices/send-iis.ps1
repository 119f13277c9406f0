<#
Sends the logs of every site of this IIS to Vong Lau. Windows PowerShell 5.1 and PowerShell 7; run it every minute:

  schtasks /Create /F /SC MINUTE /RU SYSTEM /TN "Vong Lau" /TR "powershell -NoProfile -ExecutionPolicy Bypass -File C:\ProgramData\VongLau\send-iis.ps1"

Each file is a stream of its own (W3SVC1/u_ex261126.log), whose position the server knows: a part that is sent again adds
nothing. Yesterday's file is sent to its end before today's.
#>
param(
  [string] $Url = 'https://vonglau.example/ingest/iis-01',
  [string] $Token = '<token>',
  [string] $Logs = 'C:\inetpub\logs\LogFiles',
  [string] $Marks = 'C:\ProgramData\VongLau\marks.json',
  [int] $Days = 7,
  [int] $Chunk = 8388608
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

Add-Type -AssemblyName System.Net.Http
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
$client = New-Object System.Net.Http.HttpClient
$client.Timeout = [TimeSpan]::FromMinutes(5)
$client.DefaultRequestHeaders.Add('Authorization', "Bearer $Token")
# One character a byte, so that text can be searched without changing a byte.
$latin1 = [Text.Encoding]::GetEncoding(28591)

function Read-Answer($response) {
  $text = $response.Content.ReadAsStringAsync().GetAwaiter().GetResult()
  $status = [int] $response.StatusCode
  try { $body = ConvertFrom-Json $text } catch { throw "$Url answers $status and no JSON: see that the address is that of Vong Lau" }
  if ($status -eq 200 -or ($status -eq 409 -and $body.error.code -ne 'begun_anew')) { return $body }
  throw "$Url answers ${status}: $($body.error.message)"
}
function Get-Position([string] $name) {
  $response = $client.GetAsync("${Url}?stream=$name").GetAwaiter().GetResult()
  return (Read-Answer $response).position
}
function Send-Part([string] $name, [long] $offset, [byte[]] $head, [byte[]] $bytes, [int] $count) {
  $body = New-Object byte[] ($head.Length + $count)
  [Buffer]::BlockCopy($head, 0, $body, 0, $head.Length)
  [Buffer]::BlockCopy($bytes, 0, $body, $head.Length, $count)
  $content = New-Object System.Net.Http.ByteArrayContent (, $body)
  $response = $client.PostAsync("${Url}?stream=$name&offset=$offset&head=$($head.Length)", $content).GetAwaiter().GetResult()
  return [long] (Read-Answer $response).position
}
# What a part has to begin with, for what its columns mean stands further up: the last #Date and #Fields before it.
function Get-Head([string] $text, [string] $before) {
  $date = ''
  $fields = ''
  foreach ($found in [regex]::Matches($before + $text, '(?m)^#(Date|Fields):[^\r\n]*')) {
    if ($found.Groups[1].Value -eq 'Date') { $date = $found.Value + "`n" } else { $fields = $found.Value + "`n" }
  }
  return $date + $fields
}
# Up to $max bytes from a position; IIS writes on meanwhile. Answers how many.
function Read-Part([IO.FileStream] $file, [long] $position, [byte[]] $bytes, [int] $max) {
  $null = $file.Seek($position, [IO.SeekOrigin]::Begin)
  $count = 0
  while ($count -lt $max) {
    $n = $file.Read($bytes, $count, $max - $count)
    if ($n -le 0) { break }
    $count += $n
  }
  return $count
}

function Send-File([string] $path, [string] $stream, $known) {
  $name = [Uri]::EscapeDataString($stream)
  $mark = $known[$stream]
  $position = Get-Position $name
  if ($null -eq $position) { $position = 0; if ($null -ne $mark) { $position = $mark.position } }
  $position = [long] $position
  $file = [IO.File]::Open($path, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare] 'ReadWrite, Delete')
  try {
    if ($position -ge $file.Length) { return }
    $bytes = New-Object byte[] $Chunk
    $head = ''
    if ($null -ne $mark -and $mark.position -eq $position) { $head = $mark.head }
    else {
      # Not known here: what stands before the position is looked through once.
      $rest = ''
      for ($at = [long] 0; $at -lt $position; $at += $count) {
        $count = Read-Part $file $at $bytes ([int] [Math]::Min($Chunk, $position - $at))
        if ($count -eq 0) { break }
        $text = $rest + $latin1.GetString($bytes, 0, $count)
        $end = $text.LastIndexOf([char] 10) + 1
        $head = Get-Head ($text.Substring(0, $end)) $head
        $rest = $text.Substring($end)
      }
    }
    while ($position -lt $file.Length) {
      $count = Read-Part $file $position $bytes $Chunk
      # Whole lines; one that is longer than a part goes in pieces.
      $end = 0
      if ($count -gt 0) { $end = [Array]::LastIndexOf($bytes, [byte] 10, $count - 1, $count) + 1 }
      if ($end -eq 0 -and $count -eq $Chunk) { $end = $count }
      if ($end -eq 0) { return }
      $begin = $latin1.GetBytes($head)
      $next = Send-Part $name $position $begin $bytes $end
      if ($next -eq $position) { throw "$Url took nothing of $path at ${position}: see the log of the server" }
      # Where less was taken, or more before, it goes on from there; what the columns mean is looked up again then.
      if ($next -ne $position + $end) { $known.Remove($stream); return }
      $head = Get-Head ($latin1.GetString($bytes, 0, $end)) $head
      $position = $next
      $known[$stream] = @{ position = $position; head = $head; at = [DateTime]::UtcNow.ToString('o') }
      Save-Marks $known
    }
  }
  finally { $file.Dispose() }
}
function Save-Marks($known) {
  $null = New-Item -ItemType Directory -Force -Path (Split-Path -Parent $Marks)
  [IO.File]::WriteAllText("$Marks.new", (ConvertTo-Json $known -Depth 3))
  Move-Item -LiteralPath "$Marks.new" -Destination $Marks -Force
}
function Read-Marks([DateTime] $oldest) {
  $known = @{}
  if (Test-Path -LiteralPath $Marks) {
    foreach ($entry in (ConvertFrom-Json ([IO.File]::ReadAllText($Marks))).PSObject.Properties) {
      $value = $entry.Value
      if ([DateTime] $value.at -gt $oldest) { $known[$entry.Name] = @{ position = [long] $value.position; head = [string] $value.head; at = ([DateTime] $value.at).ToString('o') } }
    }
  }
  return $known
}

# The task begins again every minute: one at a time.
$turn = New-Object Threading.Mutex ($false, 'VongLauSendIis')
try { if (-not $turn.WaitOne(0)) { exit 0 } }
catch [Threading.AbandonedMutexException] { } # the one before was killed: it is this one's turn
$failed = 0
try {
  $oldest = [DateTime]::UtcNow.AddDays(-$Days)
  $known = Read-Marks $oldest.AddDays(-$Days)
  foreach ($site in Get-ChildItem -LiteralPath $Logs -Directory | Where-Object { $_.Name -like 'W3SVC*' } | Sort-Object Name) {
    # By their names, which are their dates: the older one is drained first. Times of files that are open are not to be trusted.
    foreach ($file in Get-ChildItem -LiteralPath $site.FullName -File -Filter '*.log' | Where-Object { $_.LastWriteTimeUtc -gt $oldest } | Sort-Object Name) {
      try { Send-File $file.FullName "$($site.Name)/$($file.Name)" $known }
      catch {
        # The other sites go on; this one waits, so that nothing overtakes.
        [Console]::Error.WriteLine($_.Exception.Message)
        $failed++
        break
      }
    }
  }
}
finally {
  $turn.ReleaseMutex()
  $client.Dispose()
}
exit $failed
