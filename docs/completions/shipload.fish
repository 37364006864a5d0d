# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_shipload_global_optspecs
    string join \n H/host= context= h/help V/version
end

function __fish_shipload_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_shipload_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_shipload_using_subcommand
    set -l cmd (__fish_shipload_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c shipload -n "__fish_shipload_needs_command" -s H -l host -d 'The engine\'s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]' -r
complete -c shipload -n "__fish_shipload_needs_command" -l context -d 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]' -r
complete -c shipload -n "__fish_shipload_needs_command" -s h -l help -d 'Print help'
complete -c shipload -n "__fish_shipload_needs_command" -s V -l version -d 'Print version'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "pack" -d 'Writes the context as an archive'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "ls" -d 'Lists the context'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "deps" -d 'Lists the files that the Dockerfile reads'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "du" -d 'Says what the context weighs, and where'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "digest" -d 'Digests what a build depends on'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "diff" -d 'Tells what differs between two contexts'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "repack" -d 'Passes an archive through ignore rules'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "check" -d 'Finds what is wrong with the context'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "why" -d 'Says why files are in the context or not'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "fix" -d 'Edits the rule file so that just these paths change sides'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "doctor" -d 'Says which engine and builder would be used and why'
complete -c shipload -n "__fish_shipload_needs_command" -f -a "build" -d 'Builds an image from the context'
complete -c shipload -n "__fish_shipload_using_subcommand pack" -s o -l output -d 'Write to FILE, which appears when the archive is whole; `-` is standard output' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l compression -d 'The codec around the tar [default: as the end of FILE\'s name says, else none]' -r -f -a "none\t''
gzip\t''
bzip2\t''
xz\t''
zstd\t''"
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l level -d 'The codec\'s level: gzip 1 to 12, bzip2 1 to 9, xz 0 to 9, zstd 1 to 19 [default: 6, 9, 6, 3]' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -s j -l jobs -d 'Read and compress with N threads; the archive does not depend on it [default: one a core]' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand pack" -s q -l quiet -d 'Say nothing but errors'
complete -c shipload -n "__fish_shipload_using_subcommand pack" -l referenced -d 'Pack only what the Dockerfile reads, and the Dockerfile; where that cannot be told, everything'
complete -c shipload -n "__fish_shipload_using_subcommand pack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l format -d 'How an entry is written' -r -f -a "text\t'A line, with what is not printable escaped; directories end in `/`'
json\t'A JSON object on a line'
nul\t'The path as it is, then a NUL byte'"
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand ls" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand ls" -s l -l long -d 'Also show kind and mode, owner, size in bytes, and modification time in UTC; as JSON they are always there'
complete -c shipload -n "__fish_shipload_using_subcommand ls" -l referenced -d 'List only what the Dockerfile reads, as `pack --referenced` writes it'
complete -c shipload -n "__fish_shipload_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l format -d 'How the files are written' -r -f -a "text\t'A line each, with what is not printable escaped'
json\t'A JSON object on a line each'
nul\t'The path as it is, then a NUL byte'
make\t'A rule for make, as `gcc -M -MP` writes it; also of the Dockerfile and the ignore files'
ninja\t'A statement for ninja: a phony target that depends on the files, the Dockerfile and the ignore files'"
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l output-name -d 'What the rule of `--format make` and `ninja` says depends on the files' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand deps" -l patterns -d 'Print the patterns of the Dockerfile instead of files: variables filled in, relative to the context, sorted, each once'
complete -c shipload -n "__fish_shipload_using_subcommand deps" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand du" -s d -l depth -d 'How many levels of directories are listed; 0 is the context alone' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l format -d 'How it is written' -r -f -a "text\t'Tables'
json\t'A JSON object on a line for the whole, each directory, file and rule, told apart by `kind`; sizes in bytes'
nul\t'The paths of the directories as they are, each followed by a NUL byte'"
complete -c shipload -n "__fish_shipload_using_subcommand du" -l html -d 'Write a page to FILE instead, to look at in a browser: a treemap to walk through by mouse or keys, the largest directories and files, what the Dockerfile does not read, and what changes most often in git; `-` is standard output' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand du" -l commits -d 'How many of the last commits git is asked about for the files that change most often; 0 asks nothing' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand du" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand du" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand du" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand du" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand du" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand du" -l referenced -d 'Weigh only what the Dockerfile reads, as `pack --referenced` writes it'
complete -c shipload -n "__fish_shipload_using_subcommand du" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l manifest -d 'Also write to FILE what the digest is made of, for `diff`; `-` is standard output, in place of the digest' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l format -d 'How the digest is written' -r -f -a "text\t'A line, `sha256:` and 64 hexadecimal digits'
json\t'A JSON object on a line, with the number of files and their bytes'"
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l modes -d 'Which permissions count' -r -f -a "keep\t'Those of the files, which count for the builder\'s cache'
normal\t'0755 for directories and what anybody may execute, 0644 for all else: whoever checked it out, under whatever umask'"
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand digest" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand digest" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand digest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l format -d 'How differences are written' -r -f -a "text\t'A line each'
json\t'A JSON object on a line each'"
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l modes -d 'Which permissions count' -r -f -a "keep\t'Those of the files, which count for the builder\'s cache'
normal\t'0755 for directories and what anybody may execute, 0644 for all else: whoever checked it out, under whatever umask'"
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand diff" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand diff" -l referenced -d 'Compare only what the Dockerfile reads, and what was asked for'
complete -c shipload -n "__fish_shipload_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l duplicates -d 'What members with one path mean' -r -f -a "fail\t'End without an archive'
last\t'The last of them counts, as for whoever unpacks the archive'"
complete -c shipload -n "__fish_shipload_using_subcommand repack" -s o -l output -d 'Write to FILE, which appears when the archive is whole; `-` is standard output' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l compression -d 'The codec around the tar [default: as the end of FILE\'s name says, else none]' -r -f -a "none\t''
gzip\t''
bzip2\t''
xz\t''
zstd\t''"
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l level -d 'The codec\'s level: gzip 1 to 12, bzip2 1 to 9, xz 0 to 9, zstd 1 to 19 [default: 6, 9, 6, 3]' -r
complete -c shipload -n "__fish_shipload_using_subcommand repack" -s j -l jobs -d 'Read and compress with N threads; the archive does not depend on it [default: one a core]' -r
complete -c shipload -n "__fish_shipload_using_subcommand repack" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand repack" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand repack" -s q -l quiet -d 'Say nothing but errors'
complete -c shipload -n "__fish_shipload_using_subcommand repack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand check" -l format -d 'How a finding is written' -r -f -a "text\t'For people: place, severity, code, message, the line with a caret, and what to do'
json\t'A JSON object on a line'
sarif\t'One SARIF 2.1.0 document, for code scanning'
github\t'Workflow commands of GitHub Actions, which become annotations'"
complete -c shipload -n "__fish_shipload_using_subcommand check" -l fail-on -d 'From which severity on the exit status is 3' -r -f -a "error\t'The build fails, or leaks'
warning\t'The build does something else than was meant'
note\t'Whatever is found'
never\t'The exit status does not tell'"
complete -c shipload -n "__fish_shipload_using_subcommand check" -l only -d 'Look for these codes only, such as `dead-rule`; separated by commas, or repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -l skip -d 'Do not look for these codes; separated by commas, or repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand check" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand check" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand check" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand check" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand check" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand why" -s C -d 'The context directory' -r -f -a "(__fish_complete_directories)"
complete -c shipload -n "__fish_shipload_using_subcommand why" -l format -d 'How the answers are written' -r -f -a "text\t'A line each, and below it, indented, how that came about'
json\t'A JSON object on a line each'"
complete -c shipload -n "__fish_shipload_using_subcommand why" -l target -d 'The stage that would be built [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand why" -l build-arg -d 'A build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand why" -l platform -d 'The platform that would be built for, such as `linux/arm64` [default: Linux on this machine\'s processor]' -r
complete -c shipload -n "__fish_shipload_using_subcommand why" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand why" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand why" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand why" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand why" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand why" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand why" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand why" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand fix" -l exclude -d 'What is to be out, relative to the context; a directory means all that is in it; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand fix" -l include -d 'What is to be in, relative to the context; a directory means all that is in it; may be repeated; of an excluded and an included path of which one is in the other, the inner one counts for what is in it' -r
complete -c shipload -n "__fish_shipload_using_subcommand fix" -l format -d 'How the edit is written' -r -f -a "text\t'A unified diff; nothing where nothing is to be changed'
json\t'A JSON object on a line'"
complete -c shipload -n "__fish_shipload_using_subcommand fix" -s f -l file -d 'The Dockerfile, relative to the current directory, beside which an ignore file may be [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand fix" -l ignorefile -d 'Edit FILE, relative to the current directory; of several files, which count as one, the last [default: the one that the builder reads, or `.dockerignore` if there is none]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand fix" -l engine -d 'Whose ignore file it is, and whose context has to be exact: `auto` edits BuildKit\'s for all engines that read it' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand fix" -l write -d 'Write the edited file'
complete -c shipload -n "__fish_shipload_using_subcommand fix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand doctor" -l format -d 'How the findings are written' -r -f -a "text\t'Lines'
json\t'A JSON object on a line'"
complete -c shipload -n "__fish_shipload_using_subcommand doctor" -l builder -d 'The builder that `build` would be told by this option: an instance that buildx keeps, or a docker context [default: `BUILDX_BUILDER`, else `BUILDKIT_HOST`, else the engine]' -r
complete -c shipload -n "__fish_shipload_using_subcommand doctor" -s H -l host -d 'The engine\'s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]' -r
complete -c shipload -n "__fish_shipload_using_subcommand doctor" -l context -d 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]' -r
complete -c shipload -n "__fish_shipload_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c shipload -n "__fish_shipload_using_subcommand build" -s t -l tag -d 'Give the image this name (and `:tag`, else `latest`); may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l build-arg -d 'Set a build-time variable; without `=VALUE` it is taken from the environment; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l target -d 'Build this stage [default: the last]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l label -d 'Give the image a label; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l platform -d 'Build for this platform, such as `linux/arm64`; several, where the builder can, with commas or repeated [default: `DOCKER_DEFAULT_PLATFORM`, else the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l iidfile -d 'Write the image id to FILE' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand build" -l progress -d 'How progress is shown [default: `BUILDKIT_PROGRESS`, else auto]' -r -f -a "auto\t'As tty where standard error is a terminal, else as plain'
plain\t'Lines, those of BuildKit\'s steps with their numbers'
tty\t'A picture of BuildKit\'s steps, or lines and a meter for other builders; an error where standard error is no terminal'
quiet\t'Nothing, as with `--quiet`, but what explains a failure'
rawjson\t'A JSON object for each event, in the form of BuildKit\'s clients'"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l network -d 'The network [default: the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l add-host -d 'Add a name to `/etc/hosts`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cache-from -d 'Take layers of this image as cache, or what `type=registry,ref=IMAGE`, `type=local,src=DIRECTORY` and their like name; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -s m -l memory -d 'The most memory, such as `512m` [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l memory-swap -d 'The most memory and swap together; -1 for no limit [default: twice `--memory`]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -s c -l cpu-shares -d 'The relative weight of processor time [default: the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cpu-period -d 'The period of the processor limit in microseconds [default: the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cpu-quota -d 'The processor time in each period in microseconds [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cpuset-cpus -d 'The processors that may be used, such as `0-3` or `0,1` [default: all]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cpuset-mems -d 'The memory nodes that may be used, such as `0-3` or `0,1` [default: all]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l shm-size -d 'The size of `/dev/shm` [default: the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l ulimit -d 'A limit as `ulimit` sets it; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l security-opt -d 'A security option; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l isolation -d 'How containers are isolated, on Windows [default: the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cgroup-parent -d 'The parent control group [default: the engine\'s]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -s f -l file -d 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand build" -l ignorefile -d 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand build" -l engine -d 'Whose ignore rules apply; for a build, whose builder builds' -r -f -a "auto\t'BuildKit\'s rules where no engine is asked; for a build, what the engine is'
classic\t'The builder behind `POST /build` of Docker Engine'
buildkit\t'Docker\'s default builder'
podman\t'Podman and Buildah'
builtin\t'A build without an engine'"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l add -d 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l add-archive -d 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand build" -l mtime -d 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git\'s HEAD for all, or that in `SOURCE_DATE_EPOCH`' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l on-unreadable -d 'What to do with a file or directory that cannot be read and is not excluded' -r -f -a "fail\t'End without a result'
skip\t'Leave it out and say so'"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l max-context -d 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -s H -l host -d 'The engine\'s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l context -d 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l builder -d 'Build on this instance that buildx keeps, or this docker context [default: `BUILDX_BUILDER`, else `BUILDKIT_HOST`, else the engine]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l secret -d 'Show a secret to `RUN --mount=type=secret`: `id=ID,src=FILE` or `id=ID,env=NAME`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l ssh -d 'Show an SSH agent or keys to `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` or `ID=KEY[,KEY]`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -s o -l output -d 'Export the result: a directory, `-` for a tar on standard output, or `type=local|tar|oci|docker|image,dest=PATH`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l cache-to -d 'Export the build cache, as to `type=registry,ref=IMAGE`, `type=local,dest=DIRECTORY` or `type=inline`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l build-context -d 'Another context by name: a directory, `docker-image://IMAGE`, `oci-layout://DIRECTORY[:TAG]`, or the address of a git repository; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l attest -d 'Attach a statement to the image, such as `type=provenance,mode=max`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l provenance -d 'As `--attest type=provenance`: a boolean or attributes' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l sbom -d 'As `--attest type=sbom`: a boolean or attributes' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l allow -d 'Allow what needs leave, such as `network.host`; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l no-cache-filter -d 'Do not use the build cache of this stage; may be repeated' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l shared-key -d 'What BuildKit keeps the sent files under, to compare with at the next build [default: of machine, context, Dockerfile and target]' -r
complete -c shipload -n "__fish_shipload_using_subcommand build" -l metadata-file -d 'Write what is known of the result to FILE, as JSON' -r -F
complete -c shipload -n "__fish_shipload_using_subcommand build" -l no-cache -d 'Do not use the build cache' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l pull -d 'Pull base images even if the engine has them' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -s q -l quiet -d 'Print the image id on success and nothing else' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l push -d 'Push every name of the image when it is built' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l load -d 'Keep the image in the engine, which is done anyway unless `--output` or the builder says otherwise' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l compress -d 'Send the context compressed with gzip [default: only to an engine that is reached over a network]' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l squash -d 'Make one layer of the new ones, if the engine\'s experimental mode is on' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l rm -d 'Remove the containers of steps that succeeded [default: true]' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l force-rm -d 'Remove the containers of steps that failed, too' -r -f -a "true\t''
false\t''"
complete -c shipload -n "__fish_shipload_using_subcommand build" -l whole-context -d 'Send the whole context, not only what the Dockerfile reads'
complete -c shipload -n "__fish_shipload_using_subcommand build" -s h -l help -d 'Print help (see more with \'--help\')'
