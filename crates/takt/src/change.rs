//! A change file told to the services: its part approvals to procurement, the change itself to production. It must not know how
//! either works. Invariant: every request has an id that a second try finds again.
use takt_contract::date_pb;
use takt_contract::procurement::v1::sourcing_service_client::SourcingServiceClient;
use takt_contract::procurement::v1::{PartApprovalStatus, RecordPartApprovalRequest};
use takt_contract::production::v1 as pb;
use takt_contract::production::v1::engineering_change_service_client::EngineeringChangeServiceClient;
use takt_kernel::{Date, floor_div};

use crate::connection::{Peer, Peers, ask};
use crate::failure::{Exit, Outcome};
use crate::programme::{ChangeFile, FileEffectivity, Interchange};

/// What a change says, in a programme of which `vehicles` of `full` are built: build numbers shrink with it.
pub fn spec_pb(change: &ChangeFile, vehicles: i64, full: i64) -> pb::ChangeSpec {
    let items = change.items.iter().map(|item| pb::AffectedItem {
        parent_item_id: item.parent.clone(),
        old_item_id: item.old.clone(),
        new_item_id: item.new.clone(),
        quantity_thousandths: item.quantity.milli(),
        condition: item.condition.clone(),
    });
    let (kind, date, build_number) = match change.effectivity {
        FileEffectivity::Date(on) => (pb::EffectivityKind::Date, Some(on), 0),
        FileEffectivity::RunOut(from) => (pb::EffectivityKind::RunOut, Some(from), 0),
        FileEffectivity::BuildNumber(number) => {
            let before = i128::from(number - 1) * i128::from(vehicles);
            let before = floor_div(before, i128::from(full.max(1))).unwrap_or(0);
            (pb::EffectivityKind::BuildNumber, None, before + 1)
        }
    };
    let interchangeability = match change.interchange {
        Interchange::None => pb::Interchangeability::Unspecified,
        Interchange::NewForOld => pb::Interchangeability::NewForOld,
        Interchange::BothWays => pb::Interchangeability::BothWays,
    };
    pb::ChangeSpec {
        title: change.title.clone(),
        reason: change.reason.clone(),
        items: items.collect(),
        effectivity: Some(pb::Effectivity {
            kind: kind.into(),
            date: date.map(date_pb),
            build_number,
        }),
        interchangeability: interchangeability.into(),
    }
}

/// A change file on its way to the services.
pub struct Told<'c> {
    /// The change.
    pub change: &'c ChangeFile,
    /// What it says, at the size of the run.
    pub spec: pb::ChangeSpec,
    /// The id of a request by its name.
    pub request_id: &'c dyn Fn(&str) -> String,
}

impl Told<'_> {
    fn id(&self) -> String {
        self.change.change_id.clone()
    }

    /// Tells procurement what was said of the parts.
    pub async fn approvals(&self, procurement: &Peer) -> Outcome<()> {
        for word in &self.change.approvals {
            let status = match word.approved {
                true => PartApprovalStatus::Approved,
                false => PartApprovalStatus::Rejected,
            };
            let message = RecordPartApprovalRequest {
                request_id: (self.request_id)(&format!("approval/{}/{}", word.item, word.supplier)),
                item_id: word.item.to_string(),
                supplier_id: word.supplier.to_string(),
                ppap_level: word.level,
                status: status.into(),
                valid_from: Some(date_pb(word.valid_from)),
            };
            ask!(
                procurement,
                &format!("record the approval of {} at {}", word.item, word.supplier),
                SourcingServiceClient.record_part_approval,
                message
            )?;
        }
        Ok(())
    }

    /// Creates the change where it is not there yet.
    pub async fn created(&self, production: &Peer) -> Outcome<()> {
        let message = pb::CreateChangeRequest {
            request_id: (self.request_id)("create"),
            change_id: self.id(),
            spec: Some(self.spec.clone()),
        };
        let created = ask!(
            production,
            &format!("create change {}", self.change.change_id),
            EngineeringChangeServiceClient.create_change,
            message
        );
        match created {
            Err(failure) if failure.exit == Exit::Refused && self.is_there(production).await => {
                Ok(())
            }
            created => created.map(|_| ()),
        }
    }

    async fn is_there(&self, production: &Peer) -> bool {
        let message = pb::GetChangeRequest {
            change_id: self.id(),
        };
        let found = ask!(
            production,
            "look for the change",
            EngineeringChangeServiceClient.get_change,
            message
        );
        found.is_ok()
    }

    /// What the change does as of a day; kept with it unless `only_look`.
    pub async fn assessed(
        &self,
        production: &Peer,
        as_of: Date,
        only_look: bool,
    ) -> Outcome<pb::AssessChangeResponse> {
        let message = pb::AssessChangeRequest {
            request_id: (self.request_id)(&format!("assess/{as_of}/{only_look}")),
            change_id: self.id(),
            as_of: Some(date_pb(as_of)),
            validate_only: only_look,
        };
        ask!(
            production,
            &format!("assess change {}", self.change.change_id),
            EngineeringChangeServiceClient.assess_change,
            message
        )
    }

    /// Takes the change from its draft to its release on a day.
    pub async fn released(&self, peers: &Peers, on: Date) -> Outcome<pb::EngineeringChange> {
        self.approvals(&peers.procurement).await?;
        let production = &peers.production;
        self.created(production).await?;
        self.assessed(production, on, false).await?;
        let message = pb::ApproveChangeRequest {
            request_id: (self.request_id)("approve"),
            change_id: self.id(),
            etag: String::new(),
            approved_by: self.change.approved_by.clone(),
        };
        let what = format!("approve change {}", self.change.change_id);
        ask!(
            production,
            &what,
            EngineeringChangeServiceClient.approve_change,
            message
        )?;
        let message = pb::ReleaseChangeRequest {
            request_id: (self.request_id)("release"),
            change_id: self.id(),
            etag: String::new(),
            released_on: Some(date_pb(on)),
        };
        let what = format!("release change {}", self.change.change_id);
        let answer = ask!(
            production,
            &what,
            EngineeringChangeServiceClient.release_change,
            message
        )?;
        Ok(answer.change.unwrap_or_default())
    }
}
