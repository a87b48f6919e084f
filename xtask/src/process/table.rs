//! The process table: which processes descend from this one.

/// Every living descendant, nearest first; what has ended and only waits to be looked at does not count.
pub fn descendants() -> Vec<i32> {
    below(std::process::id().cast_signed(), &processes())
}

/// The same without these and what descends from them.
pub fn descendants_but(these: &[i32]) -> Vec<i32> {
    let table = processes();
    let apart: Vec<_> = (these.iter())
        .flat_map(|pid| [vec![*pid], below(*pid, &table)].concat())
        .collect();
    let mut all = below(std::process::id().cast_signed(), &table);
    all.retain(|pid| !apart.contains(pid));
    all
}

fn below(ancestor: i32, table: &[(i32, i32)]) -> Vec<i32> {
    let mut found = vec![ancestor];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(
            table
                .iter()
                .filter(|(pid, of)| *of == parent && *pid != parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    found.remove(0);
    found
}

/// Id and parent of every process that is not a zombie.
#[cfg(target_os = "linux")]
fn processes() -> Vec<(i32, i32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            parse_stat(&stat).map(|parent| (pid, parent))
        })
        .collect()
}

/// The parent in a line of /proc/PID/stat; the name before it may hold spaces and brackets.
#[cfg(target_os = "linux")]
fn parse_stat(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.next()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn processes() -> Vec<(i32, i32)> {
    let Ok(output) = std::process::Command::new("ps")
        .args(["-A", "-o", "pid=,ppid=,stat="])
        .output()
    else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let pair = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            (!fields.next()?.starts_with('Z')).then_some(pair)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_children_are_found_and_strangers_are_not() {
        let table = [(1, 0), (10, 1), (11, 10), (12, 11), (20, 1), (13, 10)];
        assert_eq!(below(10, &table), [11, 13, 12]);
        assert!(below(20, &table).is_empty());
    }

    #[test]
    fn what_is_left_out_is_left_out_with_its_children() {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "sleep 60 & echo $!; wait"]);
        let mut shell =
            crate::process::spawn(shell.stdout(std::process::Stdio::piped()), "sh").unwrap();
        let mut line = String::new();
        let out = shell.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        let (parent, child) = (shell.id().cast_signed(), line.trim().parse().unwrap());
        let (all, some) = (descendants(), descendants_but(&[parent]));
        for pid in [child, parent] {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL)
                .unwrap();
        }
        shell.wait().unwrap();
        assert!(all.contains(&parent) && all.contains(&child));
        assert!(!some.contains(&parent) && !some.contains(&child));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parse_stat("7 (a) b) S 42 7 7 0"), Some(42));
        assert_eq!(parse_stat("7 (gone) Z 42 7 7 0"), None);
    }
}
