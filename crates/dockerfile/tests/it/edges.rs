//! Texts at the edge of a limit, and those that random cases come upon too rarely.

/// The texts.
pub(crate) fn all() -> Vec<String> {
    let mut edges = Vec::new();
    for length in 65_534..65_538 {
        for (before, after) in [
            ("", ""),
            ("", "\n"),
            ("", "\r\n"),
            ("", "\nRUN b"),
            ("\u{feff}", "\n"),
            ("RUN a\n", "\n"),
            ("RUN a\n", ""),
            ("# syntax=a\n", "\r\nRUN c\n"),
            ("A\\\n", "\n"),
            ("RUN <<EOF\n", "\nEOF\n"),
        ] {
            // A name, because BuildKit takes more than a second to look for flags in as long a word.
            let line = "a".repeat(length);
            edges.push([before, &line, after].concat());
        }
        edges.push(format!("RUN a\n#{}\n", "a".repeat(length)));
    }
    for depth in [1, 2, 3, 126, 127, 128, 129, 9_998, 9_999, 10_000, 10_001] {
        let nested = ["[".repeat(depth), "]".repeat(depth)].concat();
        let object = ["{\"a\":".repeat(depth), "}".repeat(depth)].concat();
        let full = object.replacen('}', "1}", 1);
        // BuildKit takes a second and more for texts of that length that are no JSON: of these only few.
        let inner = if depth > 200 {
            vec![nested]
        } else {
            vec![nested, object, full]
        };
        for inner in inner {
            edges.push(format!("RUN [{inner}]"));
            edges.push(format!("RUN [\"a\", {inner}]"));
        }
    }
    for number in [
        "0",
        "-0",
        "00",
        "1.",
        ".1",
        "1e5",
        "1E+5",
        "1e308",
        "1e309",
        "-1e309",
        "1e-999",
        "1e",
        "-",
        "+1",
        "1e999999999999",
        "0e999",
        "0.0e999",
        "0x1",
        "1_0",
        "NaN",
    ] {
        edges.push(format!("CMD [{number}]"));
        edges.push(format!("CMD [\"a\", {number}]"));
    }
    for digits in [
        "0",
        "007",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
    ] {
        edges.push(format!("RUN {digits}<<A\nb\nA\n"));
    }
    edges.extend((1..=32).map(|depth| format!("{}RUN a", "ONBUILD ".repeat(depth))));
    // Each character that may be white space or end a line for somebody, in each place where that matters.
    for blank in "\t\u{b}\u{c}\r\u{1c}\u{1f} \u{85}\u{a0}\u{1680}\u{180e}\u{2003}\u{200b}\u{2028}\u{2029}\u{202f}\u{3000}\u{feff}".chars() {
        for form in [
            "RUN_a", "_RUN a", "RUN a_", "RUN --x_a", "RUN --_a", "RUN _--x a", "RUN a \\_\nb", "RUN a \\\n_\nb", "RUN a \\\n_#c\nb",
            "COPY a_b", "COPY _[\"a\"]", "COPY [\"a\"]_", "COPY [\"a\",_\"b\"]", "COPY [\"_\"]", "ENV a_b", "ENV a=b_c=d",
            "ENV a=\"b_c\"", "ENV a=b_", "ARG a_b", "EXPOSE 1_2", "HEALTHCHECK_CMD a", "HEALTHCHECK CMD_a", "HEALTHCHECK _CMD a",
            "ONBUILD_RUN a", "ONBUILD RUN_a", "RUN <<A_b\nA\n", "RUN <<\"A_\"\nA_\n", "RUN <<A\nA_\n", "RUN <<A\n_A\n", "RUN <<-A\n_A\n",
            "RUN <<-A\n_A\nA", "RUN a_<<A\nA\n", "#_escape=`\nRUN a`\nb", "# escape_=`\nRUN a`\nb", "# escape=_`\nRUN a`\nb",
            "# escape=`_\nRUN a`\nb", "_# escape=`\nRUN a`\nb", "#escape=_\nRUN a", "_\nRUN a", "_", "#_\nRUN a", "FROM a_AS b",
            "LABEL \"a_b\"=c", "USER a_", "FOO_a", "MAINTAINER a_b",
        ] {
            edges.push(form.replace('_', &blank.to_string()));
        }
    }
    edges
}
