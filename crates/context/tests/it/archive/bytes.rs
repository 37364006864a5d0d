//! Tar archives byte by byte: headers that no tool would write.

/// An archive under construction.
#[derive(Default, Clone)]
pub(super) struct Tar(pub(super) Vec<u8>);

impl Tar {
    /// A member with this type flag and data; a ustar header with mode 0644, owner 1:2, time 3.
    pub(super) fn add(self, flag: u8, name: &str, data: &[u8]) -> Self {
        self.edited(flag, name, data, |_| ())
    }

    /// A link of either kind.
    pub(super) fn link(self, flag: u8, name: &str, target: &str) -> Self {
        self.edited(flag, name, b"", |header| {
            header[157..157 + target.len()].copy_from_slice(target.as_bytes());
        })
    }

    /// A member whose header is changed before its checksum is made.
    pub(super) fn edited(
        mut self,
        flag: u8,
        name: &str,
        data: &[u8],
        edit: impl Fn(&mut [u8; 512]),
    ) -> Self {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[108..115].copy_from_slice(b"0000001");
        header[116..123].copy_from_slice(b"0000002");
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[136..147].copy_from_slice(b"00000000003");
        header[156] = flag;
        header[257..265].copy_from_slice(b"ustar\x0000");
        edit(&mut header);
        seal(&mut header);
        self.0.extend_from_slice(&header);
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// A PAX header of such records.
    pub(super) fn pax(self, records: &[(&str, &str)]) -> Self {
        self.add(b'x', "PaxHeaders/x", &records_of(records))
    }

    /// Bytes as they are.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The end of the archive.
    pub(super) fn end(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }
}

/// Writes the checksum of a header into it.
pub(super) fn seal(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// PAX records with their lengths, which count themselves.
pub(super) fn records_of(records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let digits = (1..9_usize)
            .find(|digits| (rest.len() + digits).to_string().len() == *digits)
            .unwrap();
        format!("{}{rest}", rest.len() + digits).into_bytes()
    };
    records.iter().flat_map(record).collect()
}
