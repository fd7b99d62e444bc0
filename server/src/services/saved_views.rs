//! Filters that people keep under a name: their own, and a bounded number.

use app::{
    domain::{
        SavedViewId, StaffId,
        caller::{Caller, Context},
        policy::Act,
        problem::{Problem, ProblemCode},
        saved_views::{ChangeView, FilteredList, SAVED_VIEWS_MAX, SavedView, SavedViewForm},
    },
    ports::SavedViewsPort,
    query::saved::list_address,
};
use async_trait::async_trait;
use store::{Priority, StoreError};

use super::Core;

/// Keeps people's views.
#[derive(Clone)]
pub struct SavedViewsService {
    core: Core,
}

impl SavedViewsService {
    pub const fn new(core: Core) -> Self {
        Self { core }
    }

    /// The person whose views these are. Nobody else has any.
    fn owner(&self, context: &Context) -> Result<StaffId, Problem> {
        self.core.authorise(context, Act::ReadTenants)?;
        match &context.caller {
            Caller::Staff(staff) => Ok(staff.staff_id),
            _ => Err(Problem::forbidden("Views belong to a staff member.")),
        }
    }
}

/// What became of a change.
enum Changed {
    Done,
    TooMany,
    NotThere,
}

#[async_trait]
impl SavedViewsPort for SavedViewsService {
    async fn list(&self, context: &Context, list: FilteredList) -> Result<Vec<SavedView>, Problem> {
        let owner = self.owner(context)?;
        let mut reader = self.core.store.read().await?;
        Ok(reader.db().list_saved_views(owner, list).await?)
    }

    async fn change(&self, context: &Context, form: SavedViewForm) -> Result<String, Problem> {
        let owner = self.owner(context)?;
        let (list, change) = form.validate()?;
        let message = match &change {
            ChangeView::Keep(name) => format!("View \"{name}\" saved."),
            ChangeView::Rename(_, name) => format!("View renamed to \"{name}\"."),
            ChangeView::Delete(_) => "View deleted.".to_owned(),
        };
        let id = SavedViewId::from_uuid(self.core.new_uuid());
        let address = list_address(list, &form.address);
        let given = (owner, id, list, change, address, self.core.now());
        let changed = self.core.store.write(
            Priority::Normal,
            given,
            |(owner, id, list, change, address, now), tx| {
                Box::pin(async move {
                    let is_done = match change {
                        ChangeView::Keep(name) => {
                            let known = tx.list_saved_views(*owner, *list).await?;
                            let is_new = known.iter().all(|view| view.name != *name);
                            if is_new && known.len() as u64 >= SAVED_VIEWS_MAX {
                                return Ok(Changed::TooMany);
                            }
                            tx.add_saved_view(*owner, *id, *list, name, address, *now)
                                .await?;
                            true
                        }
                        ChangeView::Rename(id, name) => {
                            tx.rename_saved_view(*owner, *id, name).await?
                        }
                        ChangeView::Delete(id) => tx.delete_saved_view(*owner, *id).await?,
                    };
                    Ok::<_, StoreError>(match is_done {
                        true => Changed::Done,
                        false => Changed::NotThere,
                    })
                })
            },
        );
        match changed.await? {
            Changed::Done => Ok(message),
            Changed::TooMany => Err(Problem::invalid_field(
                "name",
                format!("you have {SAVED_VIEWS_MAX} views of this list. Delete one first"),
            )),
            Changed::NotThere => Err(Problem::new(
                ProblemCode::Conflict,
                "Nothing was changed: the view is gone, or another view has this name.",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
