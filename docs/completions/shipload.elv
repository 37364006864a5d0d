
use builtin;
use str;

set edit:completion:arg-completer[shipload] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'shipload'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'shipload'= {
            cand -H 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]'
            cand --host 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]'
            cand --context 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand pack 'Writes the context as an archive'
            cand ls 'Lists the context'
            cand doctor 'Says which engine would be used and why'
            cand build 'Builds an image from the context'
        }
        &'shipload;pack'= {
            cand -o 'Write to FILE, which appears when the archive is whole; `-` is standard output'
            cand --output 'Write to FILE, which appears when the archive is whole; `-` is standard output'
            cand --compression 'The codec around the tar [default: as the end of FILE''s name says, else none]'
            cand --level 'The codec''s level: gzip 1 to 12, bzip2 1 to 9, xz 0 to 9, zstd 1 to 19 [default: 6, 9, 6, 3]'
            cand -j 'Read and compress with N threads; the archive does not depend on it [default: one a core]'
            cand --jobs 'Read and compress with N threads; the archive does not depend on it [default: one a core]'
            cand -f 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]'
            cand --file 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]'
            cand --ignorefile 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]'
            cand --engine 'Whose ignore rules apply; for a build, whose builder builds'
            cand --add 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`'
            cand --add-archive 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated'
            cand --mtime 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`'
            cand --on-unreadable 'What to do with a file or directory that cannot be read and is not excluded'
            cand --max-context 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'shipload;ls'= {
            cand --format 'How an entry is written'
            cand -f 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]'
            cand --file 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]'
            cand --ignorefile 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]'
            cand --engine 'Whose ignore rules apply; for a build, whose builder builds'
            cand --add 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`'
            cand --add-archive 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated'
            cand --mtime 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`'
            cand --on-unreadable 'What to do with a file or directory that cannot be read and is not excluded'
            cand --max-context 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]'
            cand -l 'Also show kind and mode, owner, size in bytes, and modification time in UTC; as JSON they are always there'
            cand --long 'Also show kind and mode, owner, size in bytes, and modification time in UTC; as JSON they are always there'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'shipload;doctor'= {
            cand --format 'How the findings are written'
            cand -H 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]'
            cand --host 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]'
            cand --context 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'shipload;build'= {
            cand -t 'Give the image this name (and `:tag`, else `latest`); may be repeated'
            cand --tag 'Give the image this name (and `:tag`, else `latest`); may be repeated'
            cand --build-arg 'Set a build-time variable; without `=VALUE` it is taken from the environment; may be repeated'
            cand --target 'Build this stage [default: the last]'
            cand --label 'Give the image a label; may be repeated'
            cand --platform 'Build for this platform, such as `linux/arm64` [default: `DOCKER_DEFAULT_PLATFORM`, else the engine''s]'
            cand --iidfile 'Write the image id to FILE'
            cand --progress 'How progress is shown [default: `BUILDKIT_PROGRESS`, else auto]'
            cand --network 'The network [default: the engine''s]'
            cand --add-host 'Add a name to `/etc/hosts`; may be repeated'
            cand --cache-from 'Take layers of this image as cache; may be repeated'
            cand -m 'The most memory, such as `512m` [default: no limit]'
            cand --memory 'The most memory, such as `512m` [default: no limit]'
            cand --memory-swap 'The most memory and swap together; -1 for no limit [default: twice `--memory`]'
            cand -c 'The relative weight of processor time [default: the engine''s]'
            cand --cpu-shares 'The relative weight of processor time [default: the engine''s]'
            cand --cpu-period 'The period of the processor limit in microseconds [default: the engine''s]'
            cand --cpu-quota 'The processor time in each period in microseconds [default: no limit]'
            cand --cpuset-cpus 'The processors that may be used, such as `0-3` or `0,1` [default: all]'
            cand --cpuset-mems 'The memory nodes that may be used, such as `0-3` or `0,1` [default: all]'
            cand --shm-size 'The size of `/dev/shm` [default: the engine''s]'
            cand --ulimit 'A limit as `ulimit` sets it; may be repeated'
            cand --security-opt 'A security option; may be repeated'
            cand --isolation 'How containers are isolated, on Windows [default: the engine''s]'
            cand --cgroup-parent 'The parent control group [default: the engine''s]'
            cand -f 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]'
            cand --file 'The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the context]'
            cand --ignorefile 'Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no rules [default: where the builder looks]'
            cand --engine 'Whose ignore rules apply; for a build, whose builder builds'
            cand --add 'Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be repeated; split at the last `=`'
            cand --add-archive 'Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to them; may be repeated'
            cand --mtime 'Modification times in the context: those of the files, N seconds after 1970 for all, the time of git''s HEAD for all, or that in `SOURCE_DATE_EPOCH`'
            cand --on-unreadable 'What to do with a file or directory that cannot be read and is not excluded'
            cand --max-context 'Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as docker reads sizes) [default: no limit]'
            cand -H 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]'
            cand --host 'The engine''s address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker context, else the sockets of Docker and Podman]'
            cand --context 'The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]'
            cand --secret 'Show a secret to the build'
            cand --ssh 'Show an SSH agent or key to the build'
            cand -o 'Export the result'
            cand --output 'Export the result'
            cand --cache-to 'Export the build cache'
            cand --build-context 'Another context'
            cand --metadata-file 'Write what is known of the result to FILE'
            cand --no-cache 'Do not use the build cache'
            cand --pull 'Pull base images even if the engine has them'
            cand -q 'Print the image id on success and nothing else'
            cand --quiet 'Print the image id on success and nothing else'
            cand --push 'Push every name of the image when it is built'
            cand --load 'Keep the image in the engine, which is always done'
            cand --compress 'Send the context compressed with gzip [default: only to an engine that is reached over a network]'
            cand --squash 'Make one layer of the new ones, if the engine''s experimental mode is on'
            cand --rm 'Remove the containers of steps that succeeded [default: true]'
            cand --force-rm 'Remove the containers of steps that failed, too'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
