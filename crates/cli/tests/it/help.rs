//! Help, version, and what every option must have.

use crate::sandbox::Sandbox;

#[test]
fn help_is_a_result() {
    let sandbox = Sandbox::new();
    for arguments in [&["--help"][..], &["-h"], &["ls", "--help"], &["pack", "-h"]] {
        let text = sandbox.run(arguments).fine().text();
        assert!(text.contains("Usage: shipload"), "{arguments:?}");
    }
    let version = sandbox.run(&["--version"]).fine().text();
    assert_eq!(
        version,
        concat!("shipload ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn every_option_says_what_it_does() {
    shipload_cli::command().debug_assert();
    for verb in shipload_cli::command().get_subcommands() {
        assert!(verb.get_about().is_some(), "{}", verb.get_name());
        for argument in verb.get_arguments() {
            let name = format!("{} {}", verb.get_name(), argument.get_id());
            let help = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!help.is_empty(), "{name}");
            assert!(!help.ends_with('.'), "{name}: {help}");
        }
    }
}
