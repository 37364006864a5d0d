
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'shipload' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'shipload'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'shipload' {
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('pack', 'pack', [CompletionResultType]::ParameterValue, 'Writes the context as an archive')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'Lists the context')
            [CompletionResult]::new('deps', 'deps', [CompletionResultType]::ParameterValue, 'Lists the files that the Dockerfile reads')
            [CompletionResult]::new('du', 'du', [CompletionResultType]::ParameterValue, 'Says what the context weighs, and where')
            [CompletionResult]::new('digest', 'digest', [CompletionResultType]::ParameterValue, 'Digests what a build depends on')
            [CompletionResult]::new('repack', 'repack', [CompletionResultType]::ParameterValue, 'Passes an archive through ignore rules')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Finds what is wrong with the context')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Says why files are in the context or not')
            [CompletionResult]::new('fix', 'fix', [CompletionResultType]::ParameterValue, 'Edits the rule file so that just these paths change sides')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Says which engine and builder would be used and why')
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Builds an image from the context')
            break
        }
        'shipload;pack' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to FILE, which appears when the archive is whole; `-` is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to FILE, which appears when the archive is whole; `-` is standard output')
            [CompletionResult]::new('--compression', '--compression', [CompletionResultType]::ParameterName, 'The codec around the tar [default: as the end of FILE''s name says, else none]')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'The codec''s level: gzip 1 to 12, bzip2 1 to 9, xz 0 to 9, zstd 1 to 19 [default: 6, 9, 6, 3]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Read and compress with N threads; the archive does not depend on it [default: one a core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Read and compress with N threads; the archive does not depend on it [default: one a core]')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--referenced', '--referenced', [CompletionResultType]::ParameterName, 'Pack only what the Dockerfile reads, and the Dockerfile; where that cannot be told, everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;ls' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How an entry is written')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Also show kind and mode, owner, size in bytes, and modification time in UTC; as JSON they are always there')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Also show kind and mode, owner, size in bytes, and modification time in UTC; as JSON they are always there')
            [CompletionResult]::new('--referenced', '--referenced', [CompletionResultType]::ParameterName, 'List only what the Dockerfile reads, as `pack --referenced` writes it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;deps' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the files are written')
            [CompletionResult]::new('--output-name', '--output-name', [CompletionResultType]::ParameterName, 'What the rule of `--format make` and `ninja` says depends on the files')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('--patterns', '--patterns', [CompletionResultType]::ParameterName, 'Print the patterns of the Dockerfile instead of files: variables filled in, relative to the context, sorted, each once')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;du' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'How many levels of directories are listed; 0 is the context alone')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'How many levels of directories are listed; 0 is the context alone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How it is written')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('--referenced', '--referenced', [CompletionResultType]::ParameterName, 'Weigh only what the Dockerfile reads, as `pack --referenced` writes it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;digest' {
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'Also write to FILE what the digest is made of, for `diff`; `-` is standard output, in place of the digest')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the digest is written')
            [CompletionResult]::new('--modes', '--modes', [CompletionResultType]::ParameterName, 'Which permissions count')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;repack' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write to FILE, which appears when the archive is whole; `-` is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to FILE, which appears when the archive is whole; `-` is standard output')
            [CompletionResult]::new('--compression', '--compression', [CompletionResultType]::ParameterName, 'The codec around the tar [default: as the end of FILE''s name says, else none]')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'The codec''s level: gzip 1 to 12, bzip2 1 to 9, xz 0 to 9, zstd 1 to 19 [default: 6, 9, 6, 3]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Read and compress with N threads; the archive does not depend on it [default: one a core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Read and compress with N threads; the archive does not depend on it [default: one a core]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;check' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How a finding is written')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'From which severity on the exit status is 3')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Look for these codes only, such as `dead-rule`; separated by commas, or repeated')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Do not look for these codes; separated by commas, or repeated')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;why' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'The context directory')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answers are written')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'The stage that would be built [default: the last]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine''s processor]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;fix' {
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'What is to be out, relative to the context; a directory means all that is in it; may be repeated')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'What is to be in, relative to the context; a directory means all that is in it; may be repeated; of an excluded and an included path of which one is in the other, the inner one counts for what is in it')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the edit is written')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory, beside which an ignore file may be [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory, beside which an ignore file may be [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Edit FILE, relative to the current directory; of several files, which count as one, the last [default: the one that the builder reads, or `.dockerignore` if there is none]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore file it is, and whose context has to be exact: `auto` edits BuildKit''s for all engines that read it')
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Write the edited file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;doctor' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the findings are written')
            [CompletionResult]::new('--builder', '--builder', [CompletionResultType]::ParameterName, 'The builder that `build` would be told by this option: an instance that buildx keeps, or a docker context [default: `BUILDX_BUILDER`, else `BUILDKIT_HOST`, else the engine]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'shipload;build' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Give the image this name (and `:tag`, else `latest`); may be repeated')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Give the image this name (and `:tag`, else `latest`); may be repeated')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'Set a build-time variable; without `=VALUE` it is taken from the environment; may be repeated')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Build this stage [default: the last]')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Give the image a label; may be repeated')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'Build for this platform, such as `linux/arm64`; several, where the builder can, with commas or repeated [default: `DOCKER_DEFAULT_PLATFORM`, else the engine''s]')
            [CompletionResult]::new('--iidfile', '--iidfile', [CompletionResultType]::ParameterName, 'Write the image id to FILE')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'How progress is shown [default: `BUILDKIT_PROGRESS`, else auto]')
            [CompletionResult]::new('--network', '--network', [CompletionResultType]::ParameterName, 'The network [default: the engine''s]')
            [CompletionResult]::new('--add-host', '--add-host', [CompletionResultType]::ParameterName, 'Add a name to `/etc/hosts`; may be repeated')
            [CompletionResult]::new('--cache-from', '--cache-from', [CompletionResultType]::ParameterName, 'Take layers of this image as cache, or what `type=registry,ref=IMAGE`, `type=local,src=DIRECTORY` and their like name; may be repeated')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The most memory, such as `512m` [default: no limit]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'The most memory, such as `512m` [default: no limit]')
            [CompletionResult]::new('--memory-swap', '--memory-swap', [CompletionResultType]::ParameterName, 'The most memory and swap together; -1 for no limit [default: twice `--memory`]')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The relative weight of processor time [default: the engine''s]')
            [CompletionResult]::new('--cpu-shares', '--cpu-shares', [CompletionResultType]::ParameterName, 'The relative weight of processor time [default: the engine''s]')
            [CompletionResult]::new('--cpu-period', '--cpu-period', [CompletionResultType]::ParameterName, 'The period of the processor limit in microseconds [default: the engine''s]')
            [CompletionResult]::new('--cpu-quota', '--cpu-quota', [CompletionResultType]::ParameterName, 'The processor time in each period in microseconds [default: no limit]')
            [CompletionResult]::new('--cpuset-cpus', '--cpuset-cpus', [CompletionResultType]::ParameterName, 'The processors that may be used, such as `0-3` or `0,1` [default: all]')
            [CompletionResult]::new('--cpuset-mems', '--cpuset-mems', [CompletionResultType]::ParameterName, 'The memory nodes that may be used, such as `0-3` or `0,1` [default: all]')
            [CompletionResult]::new('--shm-size', '--shm-size', [CompletionResultType]::ParameterName, 'The size of `/dev/shm` [default: the engine''s]')
            [CompletionResult]::new('--ulimit', '--ulimit', [CompletionResultType]::ParameterName, 'A limit as `ulimit` sets it; may be repeated')
            [CompletionResult]::new('--security-opt', '--security-opt', [CompletionResultType]::ParameterName, 'A security option; may be repeated')
            [CompletionResult]::new('--isolation', '--isolation', [CompletionResultType]::ParameterName, 'How containers are isolated, on Windows [default: the engine''s]')
            [CompletionResult]::new('--cgroup-parent', '--cgroup-parent', [CompletionResultType]::ParameterName, 'The parent control group [default: the engine''s]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]')
            [CompletionResult]::new('--ignorefile', '--ignorefile', [CompletionResultType]::ParameterName, 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Whose ignore rules apply; for a build, whose builder builds')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`')
            [CompletionResult]::new('--add-archive', '--add-archive', [CompletionResultType]::ParameterName, 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated')
            [CompletionResult]::new('--mtime', '--mtime', [CompletionResultType]::ParameterName, 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`')
            [CompletionResult]::new('--on-unreadable', '--on-unreadable', [CompletionResultType]::ParameterName, 'What to do with a file or directory that cannot be read and is not excluded')
            [CompletionResult]::new('--max-context', '--max-context', [CompletionResultType]::ParameterName, 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]')
            [CompletionResult]::new('--builder', '--builder', [CompletionResultType]::ParameterName, 'Build on this instance that buildx keeps, or this docker context [default: `BUILDX_BUILDER`, else `BUILDKIT_HOST`, else the engine]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Show a secret to `RUN --mount=type=secret`: `id=ID,src=FILE` or `id=ID,env=NAME`; may be repeated')
            [CompletionResult]::new('--ssh', '--ssh', [CompletionResultType]::ParameterName, 'Show an SSH agent or keys to `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` or `ID=KEY[,KEY]`; may be repeated')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Export the result: a directory, `-` for a tar on standard output, or `type=local|tar|oci|docker|image,dest=PATH`; may be repeated')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Export the result: a directory, `-` for a tar on standard output, or `type=local|tar|oci|docker|image,dest=PATH`; may be repeated')
            [CompletionResult]::new('--cache-to', '--cache-to', [CompletionResultType]::ParameterName, 'Export the build cache, as to `type=registry,ref=IMAGE`, `type=local,dest=DIRECTORY` or `type=inline`; may be repeated')
            [CompletionResult]::new('--build-context', '--build-context', [CompletionResultType]::ParameterName, 'Another context by name: a directory, `docker-image://IMAGE`, `oci-layout://DIRECTORY[:TAG]`, or the address of a git repository; may be repeated')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Attach a statement to the image, such as `type=provenance,mode=max`; may be repeated')
            [CompletionResult]::new('--provenance', '--provenance', [CompletionResultType]::ParameterName, 'As `--attest type=provenance`: a boolean or attributes')
            [CompletionResult]::new('--sbom', '--sbom', [CompletionResultType]::ParameterName, 'As `--attest type=sbom`: a boolean or attributes')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Allow what needs leave, such as `network.host`; may be repeated')
            [CompletionResult]::new('--no-cache-filter', '--no-cache-filter', [CompletionResultType]::ParameterName, 'Do not use the build cache of this stage; may be repeated')
            [CompletionResult]::new('--shared-key', '--shared-key', [CompletionResultType]::ParameterName, 'What BuildKit keeps the sent files under, to compare with at the next build [default: of machine, context, Dockerfile and target]')
            [CompletionResult]::new('--metadata-file', '--metadata-file', [CompletionResultType]::ParameterName, 'Write what is known of the result to FILE, as JSON')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Do not use the build cache')
            [CompletionResult]::new('--pull', '--pull', [CompletionResultType]::ParameterName, 'Pull base images even if the engine has them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print the image id on success and nothing else')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print the image id on success and nothing else')
            [CompletionResult]::new('--push', '--push', [CompletionResultType]::ParameterName, 'Push every name of the image when it is built')
            [CompletionResult]::new('--load', '--load', [CompletionResultType]::ParameterName, 'Keep the image in the engine, which is done anyway unless `--output` or the builder says otherwise')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Send the context compressed with gzip [default: only to an engine that is reached over a network]')
            [CompletionResult]::new('--squash', '--squash', [CompletionResultType]::ParameterName, 'Make one layer of the new ones, if the engine''s experimental mode is on')
            [CompletionResult]::new('--rm', '--rm', [CompletionResultType]::ParameterName, 'Remove the containers of steps that succeeded [default: true]')
            [CompletionResult]::new('--force-rm', '--force-rm', [CompletionResultType]::ParameterName, 'Remove the containers of steps that failed, too')
            [CompletionResult]::new('--whole-context', '--whole-context', [CompletionResultType]::ParameterName, 'Send the whole context, not only what the Dockerfile reads')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
