//! The `shipload` program. All of it is in the library beside this file.

fn main() -> std::process::ExitCode {
    shipload_cli::main_with(std::env::args_os())
}
