//! Random packs as TOML text.

use super::dice::Dice;
use super::tier::{Seen, tier};
use super::world::{Features, World, quoted};

/// A pack with what its cases need to know of it.
#[derive(Clone, Debug)]
pub struct RandomPack {
    /// The text of the file.
    pub toml: String,
    pub(crate) world: World,
}

/// A random pack that is valid by POLICY.md.
pub fn pack(seed: u64, features: Features) -> RandomPack {
    let mut dice = Dice::new(seed);
    let mut world = World::new(&mut dice, features);
    let mut seen = Seen::default();
    let mut tiers = String::new();
    for n in 0..1 + dice.index(6) {
        tiers += &tier(&mut dice, &mut world, n, &mut seen);
    }
    let account = account(&mut dice, &world);
    let toml = format!("{}{}{tiers}{account}", head(&mut dice, &world), tables(&world));
    RandomPack { toml, world }
}

fn head(dice: &mut Dice, world: &World) -> String {
    let filings = dice.shuffled(&world.filings);
    let filings: Vec<String> = filings.iter().map(quoted).collect();
    let mut text = format!(
        "[pack]\npool = \"630100\"\ntitle = \"random\"\ndivisions = [\"6301\"]\n\
         city = [\"6301\", \"6302\"]\nprovince = [\"63\"]\nfrom = \"2020-01-01\"\n\
         to = \"2100-01-01\"\noff_region_from = \"{}\"\nfilings = [{}]\n\n",
        dice.one(&["city", "province", "away"]),
        filings.join(", ")
    );
    if world.features.other_dates && world.year_rule == "discharge" && dice.percent(40) {
        text += "[dates]\n";
        for key in ["pack", "identity", "filing", "approval", "cover", "age"] {
            let day = dice.one(&["discharge", "discharge", "admission", "settlement"]);
            text += &format!("{key} = \"{day}\"\n");
        }
        text.push('\n');
    }
    if world.year_rule != "discharge" {
        text += &format!("[year]\nrule = \"{}\"\n", world.year_rule);
        if world.year_rule == "cut" {
            text += &format!("cut_for = \"{}\"\n", dice.one(&["all", "ending"]));
            let second = *dice.one(&["nought", "full", "nought_if_admitted_from"]);
            text += &format!("second_deductible = \"{second}\"\n");
            if second == "nought_if_admitted_from" {
                text += "second_from = \"12-01\"\n";
            }
        }
        text.push('\n');
    }
    text += &format!(
        "[cause]\nwork_injury = \"refuse\"\nthird_party = \"{}\"\n\
         accident_without_filing = \"{}\"\n\n",
        dice.one(&["refuse", "own"]),
        dice.one(&["refuse", "own", "own"])
    );
    text
}

fn tables(world: &World) -> String {
    let mut text = "[[source]]\nid = \"S\"\ndocument = \"random\"\ndate = \"2026-01-01\"\n\
                    grade = \"A\"\n\n"
        .to_owned();
    for scheme in &world.schemes {
        let family = if *scheme == "310" { "employee" } else { "resident" };
        text += &format!(
            "[[scheme]]\ninsutype = \"{scheme}\"\nname = \"{scheme}\"\nfamily = \"{family}\"\n\n"
        );
    }
    for cover in &world.covers {
        text += &format!("[[cover]]\ninsutype = \"{cover}\"\nname = \"{cover}\"\n\n");
    }
    for (id, types) in
        [("active", "[\"11\"]"), ("retired", "[\"12\", \"21\"]"), ("resident", "[\"14\", \"1\"]")]
    {
        text += &format!("[[person]]\nid = \"{id}\"\npsn_type = {types}\n\n");
    }
    for (id, kind) in &world.identities {
        text += &format!("[[identity]]\nid = \"{id}\"\ntypes = [\"{kind}\"]\n\n");
    }
    for id in &world.contributions {
        text += &format!("[[contribution]]\nid = \"{id}\"\n\n");
    }
    for (id, code, group) in &world.diseases {
        text += &format!("[[disease]]\nid = \"{id}\"\ncodes = [\"{code}\"]\n");
        if let Some(group) = group {
            text += &format!("group = \"{group}\"\n");
        }
        text.push('\n');
    }
    if !world.approvals_of.is_empty() {
        let of: Vec<String> = world.approvals_of.iter().map(quoted).collect();
        text += &format!("[approvals]\nof = [{}]\n\n", of.join(", "));
    }
    for kind in &world.kinds {
        text += &format!("[[line_kind]]\nid = \"{kind}\"\ntags = [\"{kind}\"]\n\n");
    }
    for b in &world.benefits {
        text += &format!(
            "[[benefit]]\nid = \"{0}\"\nname = \"{0}\"\nmed_type = [\"{1}\"]\nsetting = \"{2}\"\n\
             agreement = \"{3}\"\nmaternity = {4}\napproval = {5}\nlevel_of = \"{6}\"\n\n",
            b.id,
            b.med_type,
            b.setting,
            b.agreement,
            b.maternity,
            b.approval,
            if b.prescriber { "prescriber" } else { "facility" }
        );
    }
    for slot in &world.slots {
        text += &format!("[[slot]]\nid = \"{}\"\nscope = \"{}\"\n", slot.id, slot.scope);
        if slot.count {
            text += "unit = \"count\"\n";
        }
        if let Some(key) = slot.key {
            text += &format!("key = \"{key}\"\n");
        }
        text.push('\n');
    }
    text
}

fn account(dice: &mut Dice, world: &World) -> String {
    let parts =
        ["own", "over_ceiling", "prepay", "first_share", "deductible", "copay", "above_cap"];
    let benefits: Vec<&str> = world.benefits.iter().map(|b| b.id).collect();
    let mut text = String::new();
    if dice.percent(30) {
        return text;
    }
    for benefit in dice.some(&benefits) {
        let parts: Vec<String> = dice.some(&parts).iter().map(quoted).collect();
        let order: Vec<String> = dice.some(&["own", "family"]).iter().map(quoted).collect();
        text += &format!(
            "[[account]]\nbenefit = \"{benefit}\"\nparts = [{}]\norder = [{}]\nsource = \"S\"\n\n",
            parts.join(", "),
            order.join(", ")
        );
    }
    text
}
